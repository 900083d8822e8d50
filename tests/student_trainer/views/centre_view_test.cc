#include "student_trainer/views/centre_view.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Image ImageOf(int64_t channels, int64_t height, int64_t width) {
  return {channels, height, width,
          std::vector<uint8_t>(static_cast<size_t>(channels * height * width), 7)};
}

// Records the requested box, and returns an image of the requested size.
struct RecordingResizer {
  Resizer Resize() {
    return [this](const Image& image, const Box& asked, int64_t height, int64_t width) {
      ++calls;
      box = asked;
      return ImageOf(image.channels, height, width);
    };
  }

  int calls = 0;
  Box box;
};

TEST(CentreViewTest, ImageThatFitsIsLeftAlone) {
  Image image = ImageOf(3, 4, 5);
  image.pixels[17] = 99;
  RecordingResizer resizer;
  const auto view = CentreView(image, {3, 4, 5}, resizer.Resize());
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->pixels, image.pixels);
  EXPECT_EQ(resizer.calls, 0);
  EXPECT_TRUE(CentreView(image, {3, 4, 5}, nullptr).ok());
}

TEST(CentreViewTest, LargestCentredBoxOfTheProportionsIsResized) {
  struct Case {
    Shape from, to;
    Box box;
  };
  const std::vector<Case> cases = {
      {{3, 100, 60}, {3, 32, 32}, {20, 0, 60, 60}},    // tall: loses top and bottom
      {{3, 60, 101}, {3, 32, 32}, {0, 20, 60, 60}},    // wide: loses the sides
      {{3, 64, 64}, {3, 32, 32}, {0, 0, 64, 64}},      // all of it
      {{1, 10, 10}, {1, 32, 32}, {0, 0, 10, 10}},      // smaller ones are enlarged
      {{3, 100, 100}, {3, 32, 64}, {25, 0, 50, 100}},  // samples that are not square
      {{3, 100, 100}, {3, 64, 32}, {0, 25, 100, 50}}, {{3, 32, 40}, {3, 32, 32}, {0, 4, 32, 32}},
      {{3, 1, 1000}, {3, 1000, 1}, {0, 499, 1, 1}},  // one pixel at least
      {{3, 7, 5}, {3, 3, 2}, {0, 0, 7, 5}},          // rounded
  };
  for (const Case& c : cases) {
    RecordingResizer resizer;
    const auto view = CentreView(ImageOf(c.from[0], c.from[1], c.from[2]), c.to, resizer.Resize());
    ASSERT_TRUE(view.ok()) << view.status();
    EXPECT_EQ(view->height, c.to[1]);
    EXPECT_EQ(view->width, c.to[2]);
    EXPECT_EQ(resizer.calls, 1);
    EXPECT_EQ(resizer.box.top, c.box.top) << ToString(c.from) << ToString(c.to);
    EXPECT_EQ(resizer.box.left, c.box.left) << ToString(c.from) << ToString(c.to);
    EXPECT_EQ(resizer.box.height, c.box.height) << ToString(c.from) << ToString(c.to);
    EXPECT_EQ(resizer.box.width, c.box.width) << ToString(c.from) << ToString(c.to);
  }
}

TEST(CentreViewTest, BoxLiesWithinEveryImage) {
  RecordingResizer resizer;
  for (int64_t height = 1; height <= 12; ++height) {
    for (int64_t width = 1; width <= 12; ++width) {
      for (const Shape& shape :
           {Shape{1, 5, 5}, Shape{1, 3, 8}, Shape{1, 100, 1}, Shape{1, 1, 99}}) {
        if (height == shape[1] && width == shape[2]) continue;
        ASSERT_TRUE(CentreView(ImageOf(1, height, width), shape, resizer.Resize()).ok());
        const Box& box = resizer.box;
        EXPECT_GE(box.height, 1);
        EXPECT_GE(box.width, 1);
        EXPECT_GE(box.top, 0);
        EXPECT_GE(box.left, 0);
        EXPECT_LE(box.top + box.height, height);
        EXPECT_LE(box.left + box.width, width);
        EXPECT_TRUE(box.height == height || box.width == width);
      }
    }
  }
}

TEST(CentreViewTest, OtherSizeWithoutResizerIsToldWithBoth) {
  const absl::Status status = CentreView(ImageOf(3, 4, 5), {3, 8, 9}, nullptr).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("4 x 5"), HasSubstr("8 x 9")));
}

TEST(CentreViewTest, OtherChannelsAreRefused) {
  RecordingResizer resizer;
  for (const Shape& shape : {Shape{1, 4, 5}, Shape{3, 4}, Shape{3, 0, 5}}) {
    EXPECT_EQ(CentreView(ImageOf(3, 4, 5), shape, resizer.Resize()).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(resizer.calls, 0);
}

TEST(CentreViewTest, ErrorsOfTheResizerAreReturned) {
  const Resizer failing = [](const Image&, const Box&, int64_t, int64_t) {
    return absl::ResourceExhaustedError("no memory");
  };
  EXPECT_EQ(CentreView(ImageOf(3, 4, 5), {3, 8, 9}, failing).status(),
            absl::ResourceExhaustedError("no memory"));
}

}  // namespace
}  // namespace distill
