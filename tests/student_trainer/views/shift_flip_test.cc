#include "student_trainer/views/shift_flip.h"

#include "gtest/gtest.h"
#include "tests/student_trainer/views/golden_views.h"

namespace distill {
namespace {

// The definition, pixel by pixel.
Pixels ReferenceShift(int64_t down, int64_t right, const Shape& shape, const Pixels& image) {
  const int64_t height = shape[1], width = shape[2];
  Pixels shifted(image.size(), 0);
  for (int64_t c = 0; c < shape[0]; ++c) {
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        const int64_t from_y = y - down, from_x = x - right;
        if (from_y < 0 || from_y >= height || from_x < 0 || from_x >= width) continue;
        shifted[static_cast<size_t>((c * height + y) * width + x)] =
            image[static_cast<size_t>((c * height + from_y) * width + from_x)];
      }
    }
  }
  return shifted;
}

TEST(ShiftImageTest, MovesTheContentAndZerosComeIn) {
  const Shape shape = {1, 2, 3};
  EXPECT_EQ(Shifted(0, 1, shape, {1, 2, 3, 4, 5, 6}), (Pixels{0, 1, 2, 0, 4, 5}));
  EXPECT_EQ(Shifted(-1, 0, shape, {1, 2, 3, 4, 5, 6}), (Pixels{4, 5, 6, 0, 0, 0}));
}

TEST(ShiftImageTest, EqualsTheDefinitionForEveryShift) {
  for (const Shape& shape : {Shape{1, 4, 5}, Shape{3, 5, 4}, Shape{2, 1, 1}, Shape{1, 1, 7}}) {
    for (int64_t down = -7; down <= 7; ++down) {
      for (int64_t right = -9; right <= 9; ++right) {
        EXPECT_EQ(Shifted(down, right, shape, MakePixels(shape)),
                  ReferenceShift(down, right, shape, MakePixels(shape)))
            << ToString(shape) << " by " << down << ", " << right;
      }
    }
  }
}

TEST(FlipImageTest, MirrorsEveryRowOfEveryChannel) {
  EXPECT_EQ(Flipped({2, 1, 3}, {1, 2, 3, 4, 5, 6}), (Pixels{3, 2, 1, 6, 5, 4}));
}

TEST(FlipImageTest, TwiceIsTheIdentityAndItMirrorsShifts) {
  for (const Shape& shape : {Shape{1, 4, 5}, Shape{3, 5, 4}}) {
    const Pixels image = MakePixels(shape);
    EXPECT_NE(Flipped(shape, image), image);
    EXPECT_EQ(Flipped(shape, Flipped(shape, image)), image);
    EXPECT_EQ(Flipped(shape, Shifted(1, 2, shape, image)),
              Shifted(1, -2, shape, Flipped(shape, image)));
  }
}

}  // namespace
}  // namespace distill
