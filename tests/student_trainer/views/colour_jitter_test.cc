#include "student_trainer/views/colour_jitter.h"

#include <set>

#include "gtest/gtest.h"
#include "student_trainer/views/colour.h"
#include "student_trainer/views/tone.h"
#include "tests/student_trainer/views/golden_views.h"

namespace distill {
namespace {

const Shape kJitterShape = {3, 12, 12};

Pixels Jittered(const ViewOptions& options, int64_t sample, const Shape& shape, Pixels image) {
  JitterColour(options, {1, 2, sample}, shape, absl::MakeSpan(image));
  return image;
}

TEST(ColourJitterTest, OffItIsTheIdentity) {
  for (int64_t i = 0; i < 20; ++i) {
    EXPECT_EQ(Jittered({}, i, kJitterShape, MakeNoise(kJitterShape)), MakeNoise(kJitterShape));
  }
}

TEST(ColourJitterTest, FactorsAreUniformAroundOne) {
  constexpr int kDraws = 4000;
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < kDraws; ++i) {
    const double level = Jittered({.brightness = 0.5}, i, {1, 1, 1}, {100})[0];
    ASSERT_GE(level, 49);
    ASSERT_LE(level, 150);
    sum += level;
    squares += level * level;
  }
  const double mean = sum / kDraws, variance = squares / kDraws - mean * mean;
  EXPECT_NEAR(mean, 99.5, 5 * 29 / std::sqrt(kDraws));  // rounded down
  EXPECT_NEAR(variance, 100.0 * 100 / 12, 40);
}

TEST(ColourJitterTest, AStrengthOverOneDrawsNoNegativeFactor) {
  int black = 0;
  for (int64_t i = 0; i < 500; ++i) {
    black += Jittered({.brightness = 3}, i, {1, 1, 1}, {100})[0] == 0 ? 1 : 0;
  }
  EXPECT_LT(black, 20) << "from 0 to 4, not from -2";
}

TEST(ColourJitterTest, TheOrderIsAnyOne) {
  // A dark image in full contrast or halved first: brightness and contrast do not commute.
  const ViewOptions both = {.brightness = 0.9, .contrast = 0.9};
  int contrast_first = 0, brightness_first = 0;
  constexpr int kDraws = 400;
  for (int64_t i = 0; i < kDraws; ++i) {
    const Pixels view = Jittered(both, i, kJitterShape, MakeNoise(kJitterShape));
    const Pixels a =
        Jittered({.contrast = 0.9}, i, kJitterShape,
                 Jittered({.brightness = 0.9}, i, kJitterShape, MakeNoise(kJitterShape)));
    const Pixels b =
        Jittered({.brightness = 0.9}, i, kJitterShape,
                 Jittered({.contrast = 0.9}, i, kJitterShape, MakeNoise(kJitterShape)));
    ASSERT_TRUE(view == a || view == b) << "each option draws what it draws alone";
    if (a == b) continue;
    ++(view == a ? brightness_first : contrast_first);
  }
  EXPECT_GT(brightness_first + contrast_first, kDraws / 2);
  EXPECT_NEAR(brightness_first, contrast_first, 5 * std::sqrt(kDraws));
}

TEST(ColourJitterTest, GreyHasNoHueAndNoSaturation) {
  const Shape grey = {1, 12, 12};
  const ViewOptions colours = {.saturation = 0.9, .hue = 0.5};
  std::set<Pixels> views;
  for (int64_t i = 0; i < 20; ++i) {
    EXPECT_EQ(Jittered(colours, i, grey, MakeNoise(grey)), MakeNoise(grey));
    views.insert(Jittered(colours, i, kJitterShape, MakeNoise(kJitterShape)));
  }
  EXPECT_EQ(views.size(), 20u) << "in colour each is another";
}

}  // namespace
}  // namespace distill
