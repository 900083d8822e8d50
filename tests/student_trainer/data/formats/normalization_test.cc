#include "student_trainer/data/normalization.h"

#include <cmath>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "common/model_directory/safetensors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "student_trainer/data/formats/open_dataset.h"
#include "tests/student_trainer/data/memory_dataset.h"
#include "tests/student_trainer/testing/test_files.h"

namespace distill {
namespace {

TEST(NormalizationTest, MeasuresEachChannelOfTheSamplesNamed) {
  CorruptSamples corrupt;
  // Two channels of two pixels: sample 0 is {0, 2 | 10, 10}, sample 1 {4, 6 | 30, 30}.
  const TemporaryFolder folder;
  const std::string pixels = {0, 2, 10, 10, 4, 6, 30, 30, 99, 99, 99, 99};
  const auto dataset = OpenDataset({folder.Write("images", Idx(0x00000804, {3, 2, 1, 2}, pixels))});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  const auto figures = MeasureNormalization(**dataset, {0, 1}, corrupt);
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_EQ(figures->scale, 255);
  ASSERT_EQ(figures->mean.size(), 2u);
  ASSERT_EQ(figures->std.size(), 2u);
  EXPECT_DOUBLE_EQ(figures->mean[0], 3.0 / 255);
  EXPECT_DOUBLE_EQ(figures->mean[1], 20.0 / 255);
  EXPECT_DOUBLE_EQ(figures->std[0], std::sqrt(5.0) / 255);
  EXPECT_DOUBLE_EQ(figures->std[1], 10.0 / 255);
}

TEST(NormalizationTest, DeviationOfZeroCountsAsOne) {
  CorruptSamples corrupt;
  const MemoryDataset dataset({"image", DType::kUint8, {1, 2, 2}}, {0, 0});
  const auto figures = MeasureNormalization(dataset, {1}, corrupt);
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_THAT(figures->std, ::testing::ElementsAre(1));
  EXPECT_DOUBLE_EQ(figures->mean[0], 2.0 / 255);
}

// Sample 0 has the bytes 1, sample 1 the bytes 2.
TEST(NormalizationTest, ValuesWithoutChannelsHaveOneMeanAndOneDeviation) {
  CorruptSamples corrupt;
  for (const Shape& shape : {Shape{4}, Shape{2, 2}, Shape{1, 2, 2, 2}, Shape{}}) {
    const MemoryDataset bytes({"bytes", DType::kUint8, shape}, {0, 1});
    const auto figures = MeasureNormalization(bytes, {0, 1}, corrupt);
    ASSERT_TRUE(figures.ok()) << figures.status();
    EXPECT_EQ(*figures, (Normalization{255, {1.5 / 255}, {0.5 / 255}})) << ToString(shape);
    const MemoryDataset numbers({"numbers", DType::kInt8, shape}, {0, 1});
    EXPECT_EQ(*MeasureNormalization(numbers, {0, 1}, corrupt), (Normalization{1, {1.5}, {0.5}}));
  }
}

TEST(NormalizationTest, FloatsOfAnyRangeAreNormalised) {
  const TemporaryFolder folder;
  // Two samples of two channels of two pixels.
  const std::vector<float> values = {0, 100, 5, 5, 200, 100, 7, 7};
  const std::string file = (folder / "x.safetensors").string();
  ASSERT_TRUE(
      WriteSafetensors(file, {{"inputs",
                               {DType::kFloat32,
                                {2, 2, 1, 2},
                                Bytes::FromString({reinterpret_cast<const char*>(values.data()),
                                                   values.size() * sizeof(float)})}}})
          .ok());
  const auto dataset = OpenDataset({file});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  CorruptSamples corrupt;
  const auto figures = MeasureNormalization(**dataset, {0, 1}, corrupt);
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_EQ(figures->scale, 1);
  EXPECT_THAT(figures->mean, ::testing::ElementsAre(100, 6));
  EXPECT_THAT(figures->std, ::testing::ElementsAre(::testing::DoubleEq(std::sqrt(5000.0)),
                                                   ::testing::DoubleEq(1)));
}

TEST(NormalizationTest, TokensAreNotNormalised) {
  CorruptSamples corrupt;
  for (const DType dtype : {DType::kInt64, DType::kInt32, DType::kInt16, DType::kBool}) {
    const InputSpec input{"tokens", dtype, {4}};
    const auto figures = MeasureNormalization(MemoryDataset(input, {0, 1}), {0, 1}, corrupt);
    ASSERT_TRUE(figures.ok()) << figures.status();
    EXPECT_EQ(*figures, Normalization{}) << ToString(input);
  }
}

TEST(NormalizationTest, ErrorsPassThrough) {
  CorruptSamples corrupt;
  MemoryDataset dataset({"image", DType::kUint8, {1, 2, 2}}, {0, 0});
  EXPECT_EQ(MeasureNormalization(dataset, {}, corrupt).status().code(),
            absl::StatusCode::kInvalidArgument);
  dataset.unreadable = 1;
  EXPECT_EQ(MeasureNormalization(dataset, {0, 1}, corrupt).status().code(),
            absl::StatusCode::kInternal);
}

// The published values of Fashion-MNIST, to four digits.
TEST(NormalizationTest, FashionMnistHasItsPublishedFigures) {
  CorruptSamples corrupt;
  const std::string path = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "dataset-fashion-mnist is not installed";
  const auto dataset = OpenDataset({path});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  std::vector<int64_t> samples(static_cast<size_t>((*dataset)->size()));
  std::iota(samples.begin(), samples.end(), 0);
  const auto figures = MeasureNormalization(**dataset, samples, corrupt);
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_NEAR(figures->mean[0], 0.2860, 5e-5);
  EXPECT_NEAR(figures->std[0], 0.3530, 5e-5);
}

}  // namespace
}  // namespace distill
