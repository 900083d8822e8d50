#include "student_trainer/data/prepared_dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/student_trainer/data/memory_dataset.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

// An image of `height` x `width` whose pixel (y, x) is 10·y + x.
class StoredImage : public MemoryDataset, public ImageSource {
 public:
  StoredImage(int64_t height, int64_t width)
      : MemoryDataset({"image", DType::kUint8, {3, 8, 8}}, {1}), height_(height), width_(width) {}

  const ImageSource* images() const override { return this; }
  absl::StatusOr<Image> Decode(int64_t) const override {
    Image image{3, height_, width_, {}};
    for (int channel = 0; channel < 3; ++channel) {
      for (int64_t y = 0; y < height_; ++y) {
        for (int64_t x = 0; x < width_; ++x) {
          image.pixels.push_back(static_cast<uint8_t>(10 * y + x));
        }
      }
    }
    return image;
  }

 private:
  const int64_t height_;
  const int64_t width_;
};

// Fills the view with the first pixel of the box.
absl::StatusOr<Image> FirstPixel(const Image& image, const Box& box, int64_t height,
                                 int64_t width) {
  const uint8_t pixel = image.pixels[static_cast<size_t>(box.top * image.width + box.left)];
  return Image{image.channels, height, width,
               std::vector<uint8_t>(static_cast<size_t>(image.channels * height * width), pixel)};
}

InputSpec ImageInput(Shape shape) { return {"pixels", DType::kUint8, std::move(shape)}; }

absl::StatusOr<std::vector<uint8_t>> ReadFirst(const Dataset& dataset) {
  std::vector<uint8_t> sample(*ByteSize(dataset.input().dtype, dataset.input().shape));
  const absl::Status read = dataset.Read(0, {absl::MakeSpan(sample)});
  if (!read.ok()) return read;
  return sample;
}

TEST(PreparedDatasetTest, DataThatTheModelAcceptsAreUnchanged) {
  const auto data = std::make_shared<MemoryDataset>(InputSpec{"ids", DType::kInt64, {12}},
                                                    std::vector<int64_t>{0});
  for (const int64_t length : {12, -1}) {
    const auto prepared = PrepareFor({{"tokens", DType::kInt64, {length}}}, data, nullptr);
    ASSERT_THAT(prepared, IsOk());
    EXPECT_EQ(*prepared, data);
  }
}

// 6 x 10 pixels: the box of 2:1 is 5 rows of all columns, from row 0; the square is columns 2 to 7.
TEST(PreparedDatasetTest, EachModelSeesTheCentreOfTheStoredImageInItsOwnShape) {
  const auto data = std::make_shared<StoredImage>(6, 10);
  const auto square = PrepareFor({ImageInput({3, 4, 4})}, data, FirstPixel);
  ASSERT_THAT(square, IsOk());
  EXPECT_EQ((*square)->input().shape, (Shape{3, 4, 4}));
  EXPECT_THAT(*ReadFirst(**square), AllOf(::testing::SizeIs(48), Each(2)));
  const auto tall = PrepareFor({ImageInput({1, 6, 2})}, data, FirstPixel);
  ASSERT_THAT(tall, IsOk());
  EXPECT_THAT(*ReadFirst(**tall), AllOf(::testing::SizeIs(12), Each(4)));
  EXPECT_EQ((*tall)->Label(0), 1);
  EXPECT_EQ((*tall)->classes(), 2);
}

TEST(PreparedDatasetTest, AnImageOfTheModelsSizeIsNotResized) {
  const auto data = std::make_shared<StoredImage>(1, 2);
  const auto grey = PrepareFor({ImageInput({1, 1, 2})}, data, nullptr);
  ASSERT_THAT(grey, IsOk());
  EXPECT_THAT(*ReadFirst(**grey), ElementsAre(0, 1));
  EXPECT_THAT((*grey)->images()->Decode(0)->pixels, ElementsAre(0, 1));
}

TEST(PreparedDatasetTest, ImagesInArraysArePreparedAlike) {
  const auto data = std::make_shared<MemoryDataset>(ImageInput({1, 2, 2}), std::vector<int64_t>{0});
  const auto prepared = PrepareFor({ImageInput({3, 4, 4})}, data, FirstPixel);
  ASSERT_THAT(prepared, IsOk());
  EXPECT_THAT(*ReadFirst(**prepared), AllOf(::testing::SizeIs(48), Each(1)));
}

TEST(PreparedDatasetTest, AVariableLengthOfTheModelIsTheDatas) {
  const auto data = std::make_shared<MemoryDataset>(ImageInput({3, 2, 2}), std::vector<int64_t>{0});
  const auto prepared = PrepareFor({ImageInput({1, -1, -1})}, data, nullptr);
  ASSERT_THAT(prepared, IsOk());
  EXPECT_EQ((*prepared)->input().shape, (Shape{1, 2, 2}));
}

TEST(PreparedDatasetTest, OtherDataAreRefusedWithBothSides) {
  const std::vector<std::pair<InputSpec, InputSpec>> cases = {
      {{"x", DType::kFloat32, {3, 8, 8}}, ImageInput({3, 4, 4})},
      {ImageInput({4, 4}), ImageInput({3, 4, 4})},
      {ImageInput({2, 4, 4}), ImageInput({3, 4, 4})},
      {{"ids", DType::kInt32, {12}}, {"tokens", DType::kInt64, {12}}},
      {{"ids", DType::kInt64, {12}}, {"tokens", DType::kInt64, {13}}},
      {{"ids", DType::kInt64, {12}}, {"tokens", DType::kInt64, {12, 1}}},
  };
  for (const auto& [stored, model] : cases) {
    const auto data = std::make_shared<MemoryDataset>(stored, std::vector<int64_t>{0});
    EXPECT_THAT(
        PrepareFor({model}, data, FirstPixel),
        ErrorIs(absl::StatusCode::kFailedPrecondition,
                HasSubstr("it takes " + ToString(model) + ", the data has " + ToString(stored))));
  }
}

TEST(PreparedDatasetTest, ABrokenSampleStaysItsOwnError) {
  const auto data = std::make_shared<MemoryDataset>(ImageInput({1, 2, 2}), std::vector<int64_t>{0});
  data->unreadable = 0;
  data->failure = absl::DataLossError("x.png: it is empty");
  const auto prepared = PrepareFor({ImageInput({1, 4, 4})}, data, FirstPixel);
  ASSERT_THAT(prepared, IsOk());
  EXPECT_THAT(ReadFirst(**prepared),
              ErrorIs(absl::StatusCode::kDataLoss, HasSubstr("x.png: it is empty")));
}

}  // namespace
}  // namespace distill
