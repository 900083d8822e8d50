#include "student_trainer/run/run_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "common/base/files.h"
#include "common/model_directory/safetensors.h"
#include "student_trainer/evaluation/evaluation.h"
#include "tests/student_trainer/testing/small_dataset.h"
#include "tests/student_trainer/testing/small_model_directory.h"
#include "tests/testing/fake_teacher/fake_teacher.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using testing::FakeTeacher;
using testing::FakeTeacherOptions;
using testing::IsOk;
using testing::SmallDataset;
using testing::SmallDescription;
using testing::WriteSmallModel;

class RunReportTest : public ::testing::Test {
 protected:
  RunReportTest() {
    choices_.student = "mlp_small";
    choices_.objective = "kd";
    data_.train = std::make_unique<SmallDataset>(40);
    data_.corrupt_train = std::make_unique<CorruptSamples>();
    data_.split.validation = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    WriteSmallModel(directory_.model(), SmallDescription());
  }

  void ConnectTeacher(TargetEncoding encoding) {
    teacher_.Start();
    choices_.access.addresses = {teacher_.address()};
    auto teachers = TeacherPool::Connect(
        {.addresses = choices_.access.addresses, .teacher = {.spec = {.encoding = encoding}}},
        Clock::Real());
    ASSERT_THAT(teachers, IsOk());
    teachers_ = *std::move(teachers);
  }

  ReportedRun Run() { return {choices_, data_, directory_, teachers_.get()}; }
  absl::StatusOr<TeacherFigures> Begin() { return BeginReport(Run(), {}, Clock::Real()); }

  nlohmann::json Report() const {
    return nlohmann::json::parse(*ReadFile(directory_.report_data()));
  }
  TensorMap Samples() const { return ReadSafetensors(directory_.report_samples())->tensors; }

  static FakeTeacherOptions TeacherOfImages() {
    FakeTeacherOptions options;
    options.model.inputs = {{"image", DType::kUint8, {1, 4, 4}}};
    options.model.classes = 4;
    return options;
  }

  const testing::TempDir dir_;
  const RunDirectory directory_{.root = dir_.path()};
  ReportedChoices choices_;
  TrainingData data_;
  FakeTeacher teacher_{TeacherOfImages()};
  std::unique_ptr<TeacherPool> teachers_;
};

TEST_F(RunReportTest, BeforeTheFirstStepItSaysHowTheRunIsSetUp) {
  const auto figures = Begin();
  ASSERT_THAT(figures, IsOk());
  EXPECT_EQ(figures->probe_samples, 0);
  const nlohmann::json report = Report();
  EXPECT_EQ(report["student"], "mlp_small");
  EXPECT_EQ(report["class_count"], 4);
  for (const char* unknown : {"teacher", "objective", "quality", "figures"}) {
    EXPECT_TRUE(report[unknown].is_null()) << unknown;
  }
  EXPECT_EQ(Samples().at("inputs").shape[0], 10);
  EXPECT_FALSE(Samples().contains("teacher_logits"));
}

TEST_F(RunReportTest, TheRunsOwnTeacherIsAskedWhereItAnswersWithLogits) {
  ConnectTeacher(TargetEncoding::kDenseF32);
  const auto figures = Begin();
  ASSERT_THAT(figures, IsOk());
  EXPECT_EQ(figures->probe_samples, 10);
  EXPECT_EQ(teacher_.opens().size(), 1u);
  EXPECT_EQ(Samples().at("teacher_logits").shape, (Shape{10, 4}));
  EXPECT_EQ(Report()["objective"], "kd");
}

TEST_F(RunReportTest, ATeacherThatIsGoneIsAWarningAndTheSamplesAreKeptWithoutIt) {
  ConnectTeacher(TargetEncoding::kDenseF32);
  teachers_->Stop();
  ASSERT_THAT(Begin(), IsOk());
  EXPECT_EQ(Samples().at("inputs").shape[0], 10);
  EXPECT_FALSE(Samples().contains("teacher_logits"));
}

TEST_F(RunReportTest, AResumedRunKeepsTheSamplesThatItHas) {
  ASSERT_THAT(Begin(), IsOk());
  const std::string before = *ReadFile(directory_.report_samples());
  data_.split.validation = {0, 1, 2};
  choices_.resume = true;
  ASSERT_THAT(Begin(), IsOk());
  EXPECT_EQ(*ReadFile(directory_.report_samples()), before);
  choices_.resume = false;
  ASSERT_THAT(Begin(), IsOk());
  EXPECT_NE(*ReadFile(directory_.report_samples()), before);
}

TEST_F(RunReportTest, AfterTheLastStepTheBestModelIsMeasuredOnWhatIsHeldOut) {
  ASSERT_THAT(Begin(), IsOk());
  const auto quality = MeasureBestModel(Run());
  ASSERT_THAT(quality, IsOk());
  EXPECT_EQ(quality->samples, 10);
  const nlohmann::json report = Report();
  EXPECT_EQ(report["quality"]["on"], "validation");
  EXPECT_EQ(report["quality"]["errors"], quality->errors);
  EXPECT_GT(report["figures"]["parameters"], 0);
  EXPECT_EQ(Samples().at("student_logits").shape, (Shape{10, 4}));
}

TEST_F(RunReportTest, WhereThereIsATestSetThatIsMeasuredOn) {
  data_.test = std::make_unique<SmallDataset>(24);
  data_.corrupt_test = std::make_unique<CorruptSamples>();
  ASSERT_THAT(Begin(), IsOk());
  const auto quality = MeasureBestModel(Run());
  ASSERT_THAT(quality, IsOk());
  EXPECT_EQ(quality->samples, 24);
  EXPECT_EQ(Report()["quality"]["on"], "test");
}

TEST_F(RunReportTest, WithoutAnythingToMeasureOnThereIsNoQuality) {
  data_.split.validation.clear();
  ASSERT_THAT(Begin(), IsOk());
  ASSERT_THAT(MeasureBestModel(Run()), IsOk());
  EXPECT_TRUE(Report()["quality"].is_null());
  EXPECT_FALSE(Report()["figures"].is_null());
}

}  // namespace
}  // namespace distill
