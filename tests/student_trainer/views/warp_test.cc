#include "student_trainer/views/warp.h"

#include "gtest/gtest.h"
#include "student_trainer/views/shift_flip.h"
#include "tests/student_trainer/views/golden_views.h"

namespace distill {
namespace {

TEST(WarpTest, ShearsEqualPillows) {
  ExpectGolden("shear_x", 0, [](double slope, const Shape& shape, PixelSpan image) {
    WarpImage(ShearX(slope), shape, image);
  });
  ExpectGolden("shear_y", 0, [](double slope, const Shape& shape, PixelSpan image) {
    WarpImage(ShearY(slope), shape, image);
  });
}

TEST(WarpTest, TranslationsEqualPillows) {
  ExpectGolden("translate_x", 0, [](double pixels, const Shape& shape, PixelSpan image) {
    WarpImage(Translate(pixels, 0), shape, image);
  });
  ExpectGolden("translate_y", 0, [](double pixels, const Shape& shape, PixelSpan image) {
    WarpImage(Translate(0, pixels), shape, image);
  });
}

TEST(WarpTest, RotationsEqualPillows) {
  ExpectGolden("rotate", 0, [](double degrees, const Shape& shape, PixelSpan image) {
    WarpImage(Rotate(degrees, shape), shape, image);
  });
}

TEST(WarpTest, AtZeroEachIsTheIdentity) {
  for (const Shape& shape : {Shape{3, 16, 21}, Shape{1, 1, 1}, Shape{1, 1, 30}}) {
    for (const Warp& warp :
         {Warp{}, ShearX(0), ShearY(0), Translate(0, 0), Rotate(0, shape), Rotate(360, shape)}) {
      Pixels image = MakeNoise(shape);
      WarpImage(warp, shape, absl::MakeSpan(image));
      EXPECT_EQ(image, MakeNoise(shape)) << ToString(shape);
    }
  }
}

TEST(WarpTest, TranslatingIsShifting) {
  const Shape shape = {3, 6, 9};
  for (int64_t down = -7; down <= 7; ++down) {
    Pixels warped = MakePixels(shape), shifted = warped;
    WarpImage(Translate(static_cast<double>(2 - down), static_cast<double>(down)), shape,
              absl::MakeSpan(warped));
    ShiftImage(down, 2 - down, shape, absl::MakeSpan(shifted));
    EXPECT_EQ(warped, shifted) << down;
  }
}

}  // namespace
}  // namespace distill
