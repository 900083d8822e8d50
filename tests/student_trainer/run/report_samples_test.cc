#include "student_trainer/run/report_samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <memory>

#include "common/model_directory/safetensors.h"
#include "tests/student_trainer/testing/small_dataset.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using testing::IsOk;
using testing::SmallDataset;
using testing::StatusIs;

// All of the data are held out.
TrainingData DataOf(int64_t samples, int64_t classes = 4) {
  TrainingData data;
  data.train = std::make_unique<SmallDataset>(samples, classes);
  data.split.validation = AllSamples(*data.train);
  data.corrupt_train = std::make_unique<CorruptSamples>();
  return data;
}

absl::StatusOr<at::Tensor> Zeros(const std::vector<InputBatch>& samples) {
  return torch::zeros({samples[0].samples(), 4});
}

TEST(ReportSamplesTest, AFewAreChosenAsAFunctionOfTheSplitsSeed) {
  const TrainingData data = DataOf(200);
  const std::vector<int64_t> chosen = ChooseReportSamples(data, 7);
  EXPECT_EQ(chosen.size(), 64u);
  EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
  EXPECT_EQ(std::adjacent_find(chosen.begin(), chosen.end()), chosen.end());
  EXPECT_EQ(ChooseReportSamples(data, 7), chosen);
  EXPECT_NE(ChooseReportSamples(data, 8), chosen);
}

TEST(ReportSamplesTest, OfFewAllAreChosenAndOfTooManyClassesNone) {
  EXPECT_EQ(ChooseReportSamples(DataOf(5), 7).size(), 5u);
  EXPECT_EQ(ChooseReportSamples(DataOf(5, kMostReportClasses), 7).size(), 5u);
  EXPECT_TRUE(ChooseReportSamples(DataOf(5, kMostReportClasses + 1), 7).empty());
}

const InputSpec kSmallImage = {"image", DType::kUint8, {1, 4, 4}};

TEST(ReportSamplesTest, TheFileHasInputsLabelsAndTheLogitsThatThereAre) {
  const testing::TempDir dir;
  const TrainingData data = DataOf(20);
  ASSERT_THAT(KeepReportSamples(dir / "samples", data, {3, 5, 8}, nullptr), IsOk());
  auto file = ReadSafetensors(dir / "samples");
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->tensors.at("inputs").shape, (Shape{3, 1, 4, 4}));
  int64_t labels[3];
  file->tensors.at("labels").bytes.CopyTo(labels);
  EXPECT_THAT(labels, ::testing::ElementsAre(3, 1, 0));
  EXPECT_FALSE(file->tensors.contains("teacher_logits"));

  ASSERT_THAT(AddStudentLogits(dir / "samples", kSmallImage, Zeros), IsOk());
  file = ReadSafetensors(dir / "samples");
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->tensors.at("student_logits").shape, (Shape{3, 4}));
  EXPECT_EQ(file->tensors.at("inputs").shape, (Shape{3, 1, 4, 4}));
}

TEST(ReportSamplesTest, WithoutSamplesTheStudentIsNotAsked) {
  const testing::TempDir dir;
  ASSERT_THAT(KeepReportSamples(dir / "samples", DataOf(20), {}, nullptr), IsOk());
  const LogitsFunction must_not_be_called =
      [](const std::vector<InputBatch>&) -> absl::StatusOr<at::Tensor> {
    return absl::InternalError("called");
  };
  EXPECT_THAT(AddStudentLogits(dir / "samples", kSmallImage, must_not_be_called), IsOk());
}

TEST(ReportSamplesTest, ErrorsOfTheLogitsLeaveTheFileAsItIs) {
  const testing::TempDir dir;
  ASSERT_THAT(KeepReportSamples(dir / "samples", DataOf(20), {3}, nullptr), IsOk());
  const LogitsFunction fails = [](const std::vector<InputBatch>&) -> absl::StatusOr<at::Tensor> {
    return absl::InternalError("no");
  };
  EXPECT_THAT(AddStudentLogits(dir / "samples", kSmallImage, fails),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_FALSE(ReadSafetensors(dir / "samples")->tensors.contains("student_logits"));
}

}  // namespace
}  // namespace distill
