#include "student_trainer/data/normalization.h"

#include <cmath>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

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

TEST(NormalizationTest, OtherInputsAreNotNormalised) {
  CorruptSamples corrupt;
  for (const InputSpec& input :
       {InputSpec{"tokens", DType::kInt64, {4}}, InputSpec{"image", DType::kFloat32, {1, 2, 2}},
        InputSpec{"bytes", DType::kUint8, {4}}}) {
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
