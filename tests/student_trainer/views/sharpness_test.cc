#include "student_trainer/views/sharpness.h"

#include "gtest/gtest.h"
#include "tests/student_trainer/views/golden_views.h"

namespace distill {
namespace {

Pixels Sharpened(double factor, const Shape& shape, Pixels image) {
  AdjustSharpness(factor, shape, absl::MakeSpan(image));
  return image;
}

// Pillow blends in floats, this in fixed point.
TEST(SharpnessTest, EqualsPillowsToOneLevel) { ExpectGolden("sharpness", 1, AdjustSharpness); }

TEST(SharpnessTest, FactorOneAndSidesUnderThreeAreTheIdentity) {
  for (const Shape& shape : {Shape{3, 9, 7}, Shape{1, 3, 3}}) {
    EXPECT_EQ(Sharpened(1, shape, MakeNoise(shape)), MakeNoise(shape));
    EXPECT_NE(Sharpened(0, shape, MakeNoise(shape)), MakeNoise(shape));
  }
  for (const Shape& shape : {Shape{3, 1, 1}, Shape{1, 2, 9}, Shape{1, 9, 2}}) {
    EXPECT_EQ(Sharpened(0, shape, MakeNoise(shape)), MakeNoise(shape));
  }
}

TEST(SharpnessTest, ChannelsDoNotRunIntoEachOther) {
  Pixels image(18, 0);
  for (size_t i = 9; i < 18; ++i) image[i] = 200;
  EXPECT_EQ(Sharpened(0, {2, 3, 3}, image), image);
}

}  // namespace
}  // namespace distill
