#include "student_trainer/data/views.h"

#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace distill {
namespace {

using Image = std::vector<uint8_t>;

// Pixels 1, 2, 3, …: none is 0, so that what came in is seen.
Image MakeImage(const Shape& shape) {
  Image image(static_cast<size_t>(*NumElements(shape)));
  for (size_t i = 0; i < image.size(); ++i) image[i] = static_cast<uint8_t>(1 + i % 255);
  return image;
}

Image Shifted(int64_t down, int64_t right, const Shape& shape, Image image) {
  ShiftImage(down, right, shape, absl::MakeSpan(image));
  return image;
}

Image Flipped(const Shape& shape, Image image) {
  FlipImage(shape, absl::MakeSpan(image));
  return image;
}

Image View(const ViewOptions& options, uint64_t seed, int64_t epoch, int64_t sample,
           const Shape& shape) {
  Image image = MakeImage(shape);
  ApplyView(options, seed, epoch, sample, shape, absl::MakeSpan(image));
  return image;
}

TEST(ApplyViewTest, IdentityLeavesTheBytesAlone) {
  const Shape shape = {3, 8, 8};
  EXPECT_TRUE(ViewOptions{}.IsIdentity());
  for (int64_t sample = 0; sample < 50; ++sample) {
    EXPECT_EQ(View({}, 1, 0, sample, shape), MakeImage(shape));
  }
}

TEST(ApplyViewTest, EveryShiftUpToPadOccursEquallyOftenAndNoOther) {
  const Shape shape = {1, 6, 6};
  std::map<Image, int> seen;
  constexpr int kDraws = 9000;
  for (int64_t sample = 0; sample < kDraws; ++sample) ++seen[View({.pad = 1}, 7, 2, sample, shape)];
  EXPECT_EQ(seen.size(), 9u);
  for (int64_t down = -1; down <= 1; ++down) {
    for (int64_t right = -1; right <= 1; ++right) {
      EXPECT_NEAR(seen[Shifted(down, right, shape, MakeImage(shape))], kDraws / 9, 5 * 30);
    }
  }
}

TEST(ApplyViewTest, HalfAreFlipped) {
  const Shape shape = {1, 2, 3};
  int flipped = 0;
  for (int64_t sample = 0; sample < 2000; ++sample) {
    const Image view = View({.flip = true}, 7, 2, sample, shape);
    if (view == MakeImage(shape)) continue;
    EXPECT_EQ(view, Flipped(shape, MakeImage(shape)));
    ++flipped;
  }
  EXPECT_NEAR(flipped, 1000, 5 * 22);
}

TEST(ApplyViewTest, FlippingDoesNotChangeTheShiftsDrawn) {
  const Shape shape = {1, 9, 9};
  for (int64_t sample = 0; sample < 100; ++sample) {
    const Image shifted = View({.pad = 2}, 1, 0, sample, shape);
    const Image both = View({.pad = 2, .flip = true}, 1, 0, sample, shape);
    EXPECT_TRUE(both == shifted || both == Flipped(shape, shifted));
  }
}

TEST(ApplyViewTest, SeedEpochAndSampleEachChangeTheView) {
  const Shape shape = {1, 20, 20};
  const ViewOptions options = {.pad = 8, .flip = true};
  std::set<Image> epochs, seeds, samples;
  for (int64_t i = 0; i < 50; ++i) {
    epochs.insert(View(options, 1, i, 5, shape));
    seeds.insert(View(options, static_cast<uint64_t>(i), 1, 5, shape));
    samples.insert(View(options, 1, 5, i, shape));
  }
  for (const auto* views : {&epochs, &seeds, &samples}) EXPECT_GT(views->size(), 40u);
}

TEST(ApplyViewTest, NeitherOrderNorThreadsChangeAView) {
  const Shape shape = {3, 12, 12};
  const ViewOptions options = {.pad = 4, .flip = true};
  constexpr int64_t kSamples = 200;
  std::vector<Image> forward, backward(kSamples);
  for (int64_t i = 0; i < kSamples; ++i) forward.push_back(View(options, 3, 1, i, shape));
  std::vector<std::thread> threads;
  for (int64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int64_t i = kSamples - 1 - t; i >= 0; i -= 4) {
        backward[static_cast<size_t>(i)] = View(options, 3, 1, i, shape);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(forward, backward);
}

TEST(ApplyViewTest, PadLargerThanTheImageIsFine) {
  const Shape shape = {1, 2, 2};
  std::set<Image> views;
  for (int64_t i = 0; i < 200; ++i) views.insert(View({.pad = 100}, 1, 0, i, shape));
  EXPECT_TRUE(views.count(Image(4, 0)));
  View({.pad = 2'147'483'647}, 1, 0, 0, shape);
}

TEST(ViewOptionsTest, NegativePadIsRefused) {
  EXPECT_TRUE(ViewOptions{.pad = 4}.Validate().ok());
  const absl::Status status = ViewOptions{.pad = -1}.Validate();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("pad is -1"));
}

}  // namespace
}  // namespace distill
