#include "student_trainer/views/resample/resample.h"

#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/student_trainer/views/golden_views.h"

namespace distill {
namespace {

using ::testing::HasSubstr;

Image MakeImage(const Shape& shape) { return {shape[0], shape[1], shape[2], MakeNoise(shape)}; }

HostTensor MakeBatch(const Shape& shape) {
  const Pixels pixels = MakeNoise(shape);
  return {DType::kUint8, shape, Bytes::FromString(std::string(pixels.begin(), pixels.end()))};
}

// LibTorch's weights are of 16 bits, Pillow's of 22.
TEST(ResizeTest, EqualsPillowsToOneLevel) {
  const nlohmann::json golden = ReadGoldenViews();
  ASSERT_EQ(golden["resizes"].size(), 7u);
  for (const nlohmann::json& one : golden["resizes"]) {
    const nlohmann::json& source = golden["images"][one["image"].get<std::string>()];
    const Shape shape = source["shape"], box = one["box"], size = one["size"];
    const Image image = {shape[0], shape[1], shape[2], FromHex(source["pixels"])};
    const auto resized = Resize(image, {box[0], box[1], box[2], box[3]}, size[0], size[1]);
    ASSERT_TRUE(resized.ok()) << resized.status();
    EXPECT_EQ((Shape{resized->channels, resized->height, resized->width}),
              (Shape{shape[0], size[0], size[1]}));
    const Pixels expected = FromHex(one["expected"]);
    ASSERT_EQ(resized->pixels.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR(resized->pixels[i], expected[i], 1) << one["size"] << ", byte " << i;
    }
  }
}

TEST(ResizeTest, AtTheSameSizeItCutsTheBoxOut) {
  const Image image = MakeImage({3, 9, 11});
  EXPECT_EQ(Resize(image, {0, 0, 9, 11}, 9, 11)->pixels, image.pixels);
  const Image part = *Resize(image, {2, 3, 1, 2}, 1, 2);
  EXPECT_EQ(part.pixels, (Pixels{image.pixels[25], image.pixels[26], image.pixels[124],
                                 image.pixels[125], image.pixels[223], image.pixels[224]}));
}

TEST(ResizeTest, WhatLiesOutsideTheBoxDoesNotComeIn) {
  Image image = {1, 10, 10, Pixels(100, 255)};
  for (size_t y = 3; y < 7; ++y) {
    for (size_t x = 2; x < 8; ++x) image.pixels[y * 10 + x] = 40;
  }
  EXPECT_EQ(Resize(image, {3, 2, 4, 6}, 9, 3)->pixels, Pixels(27, 40));
}

TEST(ResizeTest, SinglePixelsGrowAndShrink) {
  EXPECT_EQ(Resize({1, 1, 1, {7}}, {0, 0, 1, 1}, 3, 2)->pixels, Pixels(6, 7));
  EXPECT_EQ(Resize({3, 1, 50, Pixels(150, 9)}, {0, 0, 1, 50}, 1, 1)->pixels, Pixels(3, 9));
  EXPECT_EQ(Resize(MakeImage({3, 1, 50}), {0, 0, 1, 50}, 20, 20)->pixels.size(), 1200u);
}

TEST(ResizeTest, WrongArgumentsAreRefused) {
  const Image image = MakeImage({3, 9, 11});
  const auto message = [&](const Image& of, const Box& box, int64_t height, int64_t width) {
    const absl::Status status = Resize(of, box, height, width).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message(image, {0, 0, 9, 11}, 0, 5), HasSubstr("0×5"));
  EXPECT_THAT(message(image, {0, 0, 0, 11}, 5, 5), HasSubstr("not within an image of 9×11"));
  EXPECT_THAT(message(image, {1, 0, 9, 11}, 5, 5), HasSubstr("not within"));
  EXPECT_THAT(message(image, {0, -1, 9, 11}, 5, 5), HasSubstr("not within"));
  EXPECT_THAT(message(image, {0, INT64_MAX, 1, 1}, 5, 5), HasSubstr("not within"));
  EXPECT_THAT(message({3, 9, 11, {}}, {0, 0, 9, 11}, 5, 5), HasSubstr("it has 0 bytes"));
  EXPECT_THAT(message({-3, 9, 11, {}}, {0, 0, 9, 11}, 5, 5), HasSubstr("-3"));
}

TEST(ResizeTest, ThreadsGetWhatOneGets) {
  const Image image = MakeImage({3, 200, 150});
  const Pixels alone = Resize(image, {10, 20, 150, 100}, 64, 64)->pixels;
  std::vector<Pixels> together(4);
  std::vector<std::thread> threads;
  for (Pixels& pixels : together) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) pixels = Resize(image, {10, 20, 150, 100}, 64, 64)->pixels;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Pixels& pixels : together) EXPECT_EQ(pixels, alone);
}

TEST(DownsampleTest, IsTheResizingOfEachImage) {
  const Shape shape = {5, 3, 32, 24};
  const auto small = Downsample(MakeBatch(shape), 16, 12);
  ASSERT_TRUE(small.ok()) << small.status();
  EXPECT_EQ(small->shape, (Shape{5, 3, 16, 12}));
  ASSERT_TRUE(small->Validate().ok());
  const Pixels batch = MakeNoise(shape);
  Pixels expected;
  for (int64_t n = 0; n < 5; ++n) {
    const auto begin = batch.begin() + n * 3 * 32 * 24;
    const Image image = {3, 32, 24, Pixels(begin, begin + 3 * 32 * 24)};
    const Pixels resized = Resize(image, {0, 0, 32, 24}, 16, 12)->pixels;
    expected.insert(expected.end(), resized.begin(), resized.end());
  }
  Pixels pixels(expected.size());
  small->bytes.CopyTo(pixels.data());
  EXPECT_EQ(pixels, expected);
}

TEST(DownsampleTest, BytesInSeveralPiecesAreTheSameBatch) {
  const HostTensor whole = MakeBatch({2, 1, 8, 8});
  HostTensor pieces = whole;
  pieces.bytes = whole.bytes.Slice(0, 50);
  pieces.bytes.Append(whole.bytes.Slice(50, 78));
  EXPECT_EQ(Downsample(pieces, 3, 3)->bytes, Downsample(whole, 3, 3)->bytes);
}

TEST(DownsampleTest, TheSameSizeAndNoImagesNeedNoWork) {
  const HostTensor batch = MakeBatch({2, 3, 8, 8});
  EXPECT_EQ(Downsample(batch, 8, 8)->bytes.piece(0).data(), batch.bytes.piece(0).data());
  EXPECT_EQ(Downsample(MakeBatch({0, 3, 8, 8}), 4, 4)->shape, (Shape{0, 3, 4, 4}));
}

TEST(DownsampleTest, WhatIsNoBatchOfLargerImagesIsRefused) {
  HostTensor floats = MakeBatch({1, 1, 4, 16});
  floats = {DType::kFloat32, {1, 1, 4, 4}, floats.bytes};
  HostTensor short_of_bytes = MakeBatch({2, 3, 8, 8});
  short_of_bytes.shape[0] = 3;
  for (const HostTensor& batch : {floats, short_of_bytes, MakeBatch({3, 8, 8}),
                                  MakeBatch({1, 3, 8, 2}), MakeBatch({1, 3, 2, 8})}) {
    EXPECT_EQ(Downsample(batch, 3, 3).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(Downsample(MakeBatch({1, 3, 8, 8}), 0, 3).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace distill
