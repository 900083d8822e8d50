#include "student_trainer/views/colour.h"

#include "gtest/gtest.h"
#include "tests/student_trainer/views/golden_views.h"

namespace distill {
namespace {

Pixels Turned(double turn, const Shape& shape, Pixels image) {
  AdjustHue(turn, shape, absl::MakeSpan(image));
  return image;
}

// Pillow blends in floats, this in fixed point.
TEST(ColourTest, SaturationEqualsPillowsToOneLevel) {
  ExpectGolden("saturation", 1, AdjustSaturation);
}

// Levels that lie between two, in floats of 32 bits and of 64.
TEST(ColourTest, HueEqualsThatOfColorsysToOneLevel) { ExpectGolden("hue", 1, AdjustHue); }

TEST(ColourTest, HueTurnsThePrimaryColoursIntoEachOther) {
  const Shape shape = {3, 1, 1};
  EXPECT_EQ(Turned(1.0 / 3, shape, {200, 10, 10}), (Pixels{10, 200, 10}));
  EXPECT_EQ(Turned(-1.0 / 3, shape, {200, 10, 10}), (Pixels{10, 10, 200}));
  EXPECT_EQ(Turned(0.5, shape, {200, 10, 10}), (Pixels{10, 200, 200}));
  EXPECT_EQ(Turned(-0.5, shape, {200, 10, 10}), (Pixels{10, 200, 200}));
}

TEST(ColourTest, NoTurnLeavesEveryColourAlone) {
  const Shape shape = {3, 300, 300};
  EXPECT_EQ(Turned(0, shape, MakeNoise(shape)), MakeNoise(shape));
  EXPECT_NE(Turned(0.01, shape, MakeNoise(shape)), MakeNoise(shape));
}

TEST(ColourTest, TurningKeepsTheLargestAndTheSmallestPart) {
  const Shape shape = {3, 40, 40};
  const Pixels before = MakeNoise(shape);
  for (const double turn : {-0.5, -1e-18, 0.123, 0.4999999, 0.5}) {
    const Pixels after = Turned(turn, shape, before);
    for (size_t i = 0; i < 1600; ++i) {
      ASSERT_EQ(std::max({before[i], before[i + 1600], before[i + 3200]}),
                std::max({after[i], after[i + 1600], after[i + 3200]}));
      ASSERT_EQ(std::min({before[i], before[i + 1600], before[i + 3200]}),
                std::min({after[i], after[i + 1600], after[i + 3200]}));
    }
  }
}

TEST(ColourTest, GreyStaysGrey) {
  for (const Shape& shape : {Shape{1, 5, 5}, Shape{2, 5, 5}}) {
    Pixels image = MakeNoise(shape);
    AdjustSaturation(0.2, shape, absl::MakeSpan(image));
    AdjustHue(0.2, shape, absl::MakeSpan(image));
    EXPECT_EQ(image, MakeNoise(shape));
  }
  Pixels grey = {0, 9, 255, 0, 9, 255, 0, 9, 255};
  AdjustSaturation(1.9, {3, 1, 3}, absl::MakeSpan(grey));
  AdjustHue(0.4, {3, 1, 3}, absl::MakeSpan(grey));
  EXPECT_EQ(grey, (Pixels{0, 9, 255, 0, 9, 255, 0, 9, 255}));
}

TEST(ColourTest, WithoutSaturationTheChannelsAreEqual) {
  const Shape shape = {3, 9, 9};
  Pixels image = MakeNoise(shape);
  AdjustSaturation(1, shape, absl::MakeSpan(image));
  EXPECT_EQ(image, MakeNoise(shape));
  AdjustSaturation(0, shape, absl::MakeSpan(image));
  for (size_t i = 0; i < 81; ++i) {
    EXPECT_EQ(image[i], image[i + 81]);
    EXPECT_EQ(image[i], image[i + 162]);
  }
}

}  // namespace
}  // namespace distill
