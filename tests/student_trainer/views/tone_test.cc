#include "student_trainer/views/tone.h"

#include "gtest/gtest.h"
#include "tests/student_trainer/views/golden_views.h"

namespace distill {
namespace {

// Pillow blends in floats, this in fixed point: both round down, so a level on the edge may differ.
TEST(ToneTest, BrightnessEqualsPillowsToOneLevel) {
  ExpectGolden("brightness", 1, [](double factor, const Shape&, PixelSpan image) {
    AdjustBrightness(factor, image);
  });
}

TEST(ToneTest, ContrastEqualsPillowsToOneLevel) {
  ExpectGolden("contrast", 1, [](double factor, const Shape& shape, PixelSpan image) {
    AdjustContrast(factor, shape, image);
  });
}

TEST(ToneTest, PosterizeEqualsPillows) {
  ExpectGolden("posterize", 0, [](double bits, const Shape&, PixelSpan image) {
    Posterize(static_cast<int>(bits), image);
  });
}

TEST(ToneTest, SolarizeEqualsPillows) {
  ExpectGolden("solarize", 0,
               [](double threshold, const Shape&, PixelSpan image) { Solarize(threshold, image); });
}

// Pillow rounds the scale to a float first.
TEST(ToneTest, AutoContrastEqualsPillowsToOneLevel) {
  ExpectGolden("auto_contrast", 1,
               [](double, const Shape& shape, PixelSpan image) { AutoContrast(shape, image); });
}

TEST(ToneTest, EqualizeEqualsPillows) {
  ExpectGolden("equalize", 0,
               [](double, const Shape& shape, PixelSpan image) { Equalize(shape, image); });
}

TEST(ToneTest, FactorOneIsTheIdentity) {
  const Shape shape = {3, 20, 20};
  const Pixels original = MakeNoise(shape);
  Pixels image = original;
  AdjustBrightness(1, absl::MakeSpan(image));
  AdjustContrast(1, shape, absl::MakeSpan(image));
  Posterize(8, absl::MakeSpan(image));
  Solarize(256, absl::MakeSpan(image));
  EXPECT_EQ(image, original);
}

TEST(ToneTest, AFlatImageKeepsItsLevel) {
  const Shape shape = {3, 1, 1};
  Pixels image = {10, 20, 30};
  AutoContrast(shape, absl::MakeSpan(image));
  Equalize(shape, absl::MakeSpan(image));
  EXPECT_EQ(image, (Pixels{10, 20, 30}));
  const Shape grey = {1, 4, 4};
  Pixels flat(16, 99);
  AdjustContrast(0.3, grey, absl::MakeSpan(flat));
  EXPECT_EQ(flat, Pixels(16, 99));
}

TEST(ToneTest, LargeFactorsEndInBlackAndWhite) {
  Pixels image = {0, 1, 127, 129, 255};
  AdjustContrast(100, {1, 1, 5}, absl::MakeSpan(image));  // the mean is 102
  EXPECT_EQ(image, (Pixels{0, 0, 255, 255, 255}));
  Pixels bright = {0, 3, 255};
  AdjustBrightness(100, absl::MakeSpan(bright));
  EXPECT_EQ(bright, (Pixels{0, 255, 255}));
}

TEST(ToneTest, EachChannelIsStretchedByItself) {
  Pixels image = {10, 11, 100, 200};
  AutoContrast({2, 1, 2}, absl::MakeSpan(image));
  EXPECT_EQ(image, (Pixels{0, 255, 0, 255}));
}

}  // namespace
}  // namespace distill
