#include "student_trainer/views/views.h"

#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/base/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/student_trainer/views/golden_views.h"

namespace distill {
namespace {

Pixels View(const ViewOptions& options, uint64_t seed, int64_t epoch, int64_t sample,
            const Shape& shape) {
  Pixels image = MakePixels(shape);
  ApplyView(options, {seed, epoch, sample}, shape, absl::MakeSpan(image));
  return image;
}

std::string HashOfViews(const ViewOptions& options, uint64_t seed, const Shape& shape) {
  Sha256 hash;
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    for (int64_t i = 0; i < 50; ++i) {
      const Pixels view = View(options, seed, epoch, i * i, shape);
      hash.Update({reinterpret_cast<const char*>(view.data()), view.size()});
    }
  }
  return hash.HexDigest();
}

TEST(ApplyViewTest, ShiftsAndFlipsAreThoseOfEarlierRuns) {
  EXPECT_EQ(HashOfViews({.pad = 2, .flip = true}, 0, {1, 28, 28}),
            "bf154d212a74f708eaea708fcb53fb779d274e55265f921c548c10c1f35e7fd3");
  EXPECT_EQ(HashOfViews({.pad = 4, .flip = true}, 7, {3, 32, 32}),
            "daf68169c2e52a3191e92340925cfd2d3a5955b6a0d961ac2bd97b9f35f8b83b");
  EXPECT_EQ(HashOfViews({.pad = 3}, 123456789012345, {3, 9, 5}),
            "8a6cb8d863f6e4e6eb0fe97a7bd8a20f0169c6ee6cf221451daa14e810897b54");
  EXPECT_EQ(HashOfViews({.flip = true}, 1, {1, 8, 8}),
            "376468d6dc96041237c17c75ab914681c9db10e2788c2096f96d6f383297cfd4");
}

TEST(ApplyViewTest, IdentityLeavesTheBytesAlone) {
  const Shape shape = {3, 8, 8};
  EXPECT_TRUE(ViewOptions{}.IsIdentity());
  for (int64_t sample = 0; sample < 50; ++sample) {
    EXPECT_EQ(View({}, 1, 0, sample, shape), MakePixels(shape));
  }
}

TEST(ApplyViewTest, EveryShiftUpToPadOccursEquallyOftenAndNoOther) {
  const Shape shape = {1, 6, 6};
  std::map<Pixels, int> seen;
  constexpr int kDraws = 9000;
  for (int64_t sample = 0; sample < kDraws; ++sample) ++seen[View({.pad = 1}, 7, 2, sample, shape)];
  EXPECT_EQ(seen.size(), 9u);
  for (int64_t down = -1; down <= 1; ++down) {
    for (int64_t right = -1; right <= 1; ++right) {
      EXPECT_NEAR(seen[Shifted(down, right, shape, MakePixels(shape))], kDraws / 9, 5 * 30);
    }
  }
}

TEST(ApplyViewTest, HalfAreFlipped) {
  const Shape shape = {1, 2, 3};
  int flipped = 0;
  for (int64_t sample = 0; sample < 2000; ++sample) {
    const Pixels view = View({.flip = true}, 7, 2, sample, shape);
    if (view == MakePixels(shape)) continue;
    EXPECT_EQ(view, Flipped(shape, MakePixels(shape)));
    ++flipped;
  }
  EXPECT_NEAR(flipped, 1000, 5 * 22);
}

TEST(ApplyViewTest, FlippingDoesNotChangeTheShiftsDrawn) {
  const Shape shape = {1, 9, 9};
  for (int64_t sample = 0; sample < 100; ++sample) {
    const Pixels shifted = View({.pad = 2}, 1, 0, sample, shape);
    const Pixels both = View({.pad = 2, .flip = true}, 1, 0, sample, shape);
    EXPECT_TRUE(both == shifted || both == Flipped(shape, shifted));
  }
}

TEST(ApplyViewTest, SeedEpochAndSampleEachChangeTheView) {
  const Shape shape = {1, 20, 20};
  const ViewOptions options = {.pad = 8, .flip = true};
  std::set<Pixels> epochs, seeds, samples;
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
  std::vector<Pixels> forward, backward(kSamples);
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

TEST(ApplyViewTest, PadLargerThanThePixelsIsFine) {
  const Shape shape = {1, 2, 2};
  std::set<Pixels> views;
  for (int64_t i = 0; i < 200; ++i) views.insert(View({.pad = 100}, 1, 0, i, shape));
  EXPECT_TRUE(views.count(Pixels(4, 0)));
  View({.pad = 2'147'483'647}, 1, 0, 0, shape);
}

// What each option does alone, by itself and beside all others.
const std::vector<ViewOptions> kEachOption = {
    {.pad = 3},         {.flip = true},    {.rand_augment_ops = 2, .rand_augment_magnitude = 9},
    {.brightness = .4}, {.contrast = 0.4}, {.saturation = 0.4},
    {.hue = 0.2}};

TEST(ApplyViewTest, EveryOptionChangesViewsAndOtherEpochsHaveOthers) {
  const Shape shape = {3, 24, 24};
  for (const ViewOptions& options : kEachOption) {
    std::set<Pixels> views;
    for (int64_t epoch = 0; epoch < 20; ++epoch) {
      const Pixels view = View(options, 1, epoch, 5, shape);
      EXPECT_EQ(view, View(options, 1, epoch, 5, shape)) << "the same key, the same bytes";
      views.insert(view);
    }
    EXPECT_GT(views.size(), options.flip ? 1u : 10u);
  }
}

TEST(ApplyViewTest, EveryShapeIsWithinWhatEveryOptionTakes) {
  const ViewOptions all = {.pad = 5,
                           .flip = true,
                           .rand_augment_ops = 14,
                           .rand_augment_magnitude = 30,
                           .brightness = 10,
                           .contrast = 10,
                           .saturation = 10,
                           .hue = 0.5};
  ASSERT_TRUE(all.Validate().ok());
  for (const Shape& shape : {Shape{1, 1, 1}, Shape{3, 1, 1}, Shape{3, 1, 40}, Shape{1, 40, 1},
                             Shape{3, 2, 3}, Shape{3, 3, 3}, Shape{1, 33, 17}}) {
    for (int64_t sample = 0; sample < 50; ++sample) {
      EXPECT_EQ(View(all, 1, 0, sample, shape).size(), MakePixels(shape).size());
    }
  }
}

Image MakeImage(const Shape& shape) { return {shape[0], shape[1], shape[2], MakeNoise(shape)}; }

// Nearest neighbour: enough to see which box was asked for.
absl::StatusOr<Image> NearestResize(const Image& image, const Box& box, int64_t height,
                                    int64_t width) {
  EXPECT_TRUE(box.top >= 0 && box.left >= 0 && box.height > 0 && box.width > 0);
  EXPECT_LE(box.top + box.height, image.height);
  EXPECT_LE(box.left + box.width, image.width);
  Image resized = {image.channels, height, width, {}};
  for (int64_t c = 0; c < image.channels; ++c) {
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        const int64_t from_y = box.top + y * box.height / height;
        const int64_t from_x = box.left + x * box.width / width;
        resized.pixels.push_back(
            image.pixels[static_cast<size_t>((c * image.height + from_y) * image.width + from_x)]);
      }
    }
  }
  return resized;
}

TEST(MakeViewTest, HasTheSizeAskedForWhateverTheImageHas) {
  for (const char* const preset : {"none", "light", "standard", "strong"}) {
    for (const Shape& output : {Shape{3, 32, 32}, Shape{3, 1, 1}, Shape{3, 20, 9}}) {
      const ViewOptions options = *ViewPreset(preset, output);
      for (const Shape& shape : {Shape{3, 32, 32}, Shape{3, 1, 1}, Shape{3, 1, 50}, Shape{3, 70, 2},
                                 Shape{3, 9, 20}, Shape{3, 48, 64}}) {
        for (int64_t sample = 0; sample < 5; ++sample) {
          const auto view =
              MakeView(options, {1, 2, sample}, MakeImage(shape), output, NearestResize);
          ASSERT_TRUE(view.ok()) << view.status();
          EXPECT_EQ((Shape{view->channels, view->height, view->width}), output);
          EXPECT_EQ(view->pixels.size(), static_cast<size_t>(*NumElements(output)));
        }
      }
    }
  }
}

TEST(MakeViewTest, AnImageThatFitsIsNotResampledWithoutACrop) {
  const Shape shape = {3, 12, 12};
  const Resizer none = [](const Image&, const Box&, int64_t, int64_t) -> absl::StatusOr<Image> {
    return absl::InternalError("resampled");
  };
  EXPECT_EQ(MakeView({}, {}, MakeImage(shape), shape, none)->pixels, MakeNoise(shape));
  EXPECT_TRUE(MakeView({.pad = 2, .flip = true}, {}, MakeImage(shape), shape, none).ok());
  const auto cropped = MakeView({.crop_scale = 0.08}, {}, MakeImage(shape), shape, none);
  EXPECT_EQ(cropped.status().message(), "resampled");
}

TEST(MakeViewTest, TheCropIsDrawnAnewEachEpochAndTheRestActsOnIt) {
  const Shape output = {3, 8, 8};
  std::set<Pixels> crops;
  for (int64_t epoch = 0; epoch < 20; ++epoch) {
    const ViewKey key = {3, epoch, 4};
    Image crop =
        *MakeView({.crop_scale = 0.08}, key, MakeImage({3, 40, 50}), output, NearestResize);
    const ViewOptions both = {.crop_scale = 0.08, .pad = 1, .flip = true, .contrast = 0.4};
    const Image view = *MakeView(both, key, MakeImage({3, 40, 50}), output, NearestResize);
    crops.insert(crop.pixels);
    ApplyView(both, key, output, absl::MakeSpan(crop.pixels));
    EXPECT_EQ(view.pixels, crop.pixels);
  }
  EXPECT_GT(crops.size(), 15u);
}

TEST(MakeViewTest, WhatIsNoImageOfTheseChannelsIsRefused) {
  const Shape output = {3, 8, 8};
  Image short_of_pixels = MakeImage({3, 8, 8});
  short_of_pixels.pixels.pop_back();
  for (const Image& image : {MakeImage({1, 8, 8}), short_of_pixels, Image{}, Image{3, 0, 8, {}}}) {
    EXPECT_EQ(MakeView({}, {}, image, output, NearestResize).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(MakeViewTest, AResizerThatGivesAnotherSizeIsAnError) {
  const Resizer wrong = [](const Image&, const Box&, int64_t, int64_t) -> absl::StatusOr<Image> {
    return MakeImage({3, 2, 2});
  };
  const auto view = MakeView({.crop_scale = 1}, {}, MakeImage({3, 9, 9}), {3, 8, 8}, wrong);
  EXPECT_EQ(view.status().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(view.status().message()), ::testing::HasSubstr("[3, 2, 2]"));
}

}  // namespace
}  // namespace distill
