#include "student_trainer/commands/train_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "absl/strings/str_split.h"
#include "common/base/files.h"
#include "common/base/random.h"
#include "common/inference/loaded_model.h"
#include "common/model_directory/safetensors.h"
#include "student_trainer/report/report_page.h"
#include "tests/student_trainer/testing/test_files.h"
#include "tests/testing/fake_teacher/fake_teacher.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using testing::FakeTeacher;
using testing::FakeTeacherOptions;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr int64_t kFakeClasses = 3;
constexpr uint32_t kTrainSamples = 100;
constexpr size_t kPixels = 16;

// Images of noise, labelled as the fake teacher would; `shift` > 0 numbers the classes otherwise.
void WriteData(const std::filesystem::path& folder, uint8_t shift = 0) {
  SplitMix64 random(1);
  std::string pixels;
  std::vector<uint8_t> labels;
  for (uint32_t i = 0; i < kTrainSamples; ++i) {
    std::vector<uint8_t> image;
    for (size_t k = 0; k < kPixels; ++k) image.push_back(static_cast<uint8_t>(random.Below(256)));
    const std::vector<float> logits = testing::FakeLogits(image, kFakeClasses);
    const auto most = std::max_element(logits.begin(), logits.end()) - logits.begin();
    labels.push_back(static_cast<uint8_t>((most + shift) % kFakeClasses));
    pixels.append(image.begin(), image.end());
  }
  ASSERT_THAT(WriteFileAtomically(folder / "train-images-idx3-ubyte",
                                  Idx(0x803, {kTrainSamples, 4, 4}, pixels)),
              IsOk());
  ASSERT_THAT(WriteFileAtomically(folder / "train-labels-idx1-ubyte", LabelsFile(labels)), IsOk());
}

FakeTeacherOptions TeacherOfImages() {
  FakeTeacherOptions options;
  options.model.inputs = {{"image", DType::kUint8, {1, 4, 4}}};
  options.model.classes = kFakeClasses;
  return options;
}

class RunTrainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteData(dir_.path());
    options_.data.train = dir_.path().string();
    options_.run.run_dir = (dir_.path() / "run").string();
    options_.student.student = "mlp_small";
    options_.run.epochs = 2;
    options_.run.batch_size = 16;
    options_.run.threads = 1;
    options_.config_toml = "[train]\n";
  }

  void Distill() {
    teacher_.Start();
    options_.teacher.access.addresses = {teacher_.address()};
    options_.teacher.encoding = TargetEncoding::kDenseF32;
  }

  absl::Status Run(std::stop_token stop = {}) {
    return RunTrain(options_, stop, out_, Progress::Output::kPipe, Clock::Real());
  }

  std::vector<nlohmann::json> Metrics() const {
    std::vector<nlohmann::json> records;
    const std::string text = *ReadFile(dir_.path() / "run" / "metrics.jsonl");
    for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      records.push_back(nlohmann::json::parse(std::string(line)));
    }
    return records;
  }

  bool RunDirectoryExists() const { return std::filesystem::exists(dir_.path() / "run"); }

  const testing::TempDir dir_;
  TrainSettings options_;
  FakeTeacher teacher_{TeacherOfImages()};
  std::ostringstream out_;
};

TEST_F(RunTrainTest, WithoutATeacherItWritesAModelThatCanBeServed) {
  ASSERT_THAT(Run(), IsOk());
  const auto model = LoadedModel::Load(dir_.path() / "run" / "model");
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ((*model)->classes(), kFakeClasses);
  EXPECT_EQ(*ReadFile(dir_.path() / "run" / "config.toml"), "[train]\n");
  EXPECT_EQ(Metrics().size(), 3u);
  EXPECT_TRUE(std::filesystem::exists(dir_.path() / "run" / "report.html"));
}

TEST_F(RunTrainTest, TheModelsDescriptionHasHowItWasTrained) {
  options_.run.seed = 42;
  Distill();
  ASSERT_THAT(Run(), IsOk());
  const auto description = ReadModelDescription(dir_.path() / "run" / "model");
  ASSERT_THAT(description, IsOk());
  const nlohmann::json& training = description->training;
  EXPECT_EQ(training["seed"], 42);
  EXPECT_EQ(training["batch_size"], 16);
  EXPECT_EQ(training["objective"], "kd");
  EXPECT_EQ(training["encoding"], "f32");
  EXPECT_FALSE(training["teacher_fingerprint"].get<std::string>().empty());
}

TEST_F(RunTrainTest, TheReportHasTheLogitsOfBothSides) {
  Distill();
  ASSERT_THAT(Run(), IsOk());
  const auto samples = ReadSafetensors(dir_.path() / "run" / "samples.safetensors");
  ASSERT_THAT(samples, IsOk());
  EXPECT_EQ(samples->tensors.at("teacher_logits").shape, (Shape{10, kFakeClasses}));
  EXPECT_EQ(samples->tensors.at("student_logits").shape, (Shape{10, kFakeClasses}));
  const auto data = ReportData(std::vector{dir_.path() / "run"});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ((*data)["samples"].size(), 10U);
  EXPECT_EQ((*data)["runs"][0]["finished"], true);
  EXPECT_EQ((*data)["runs"][0]["quality"]["on"], "validation");
}

TEST_F(RunTrainTest, ARunOnHardLabelsShowsTheStudentAlone) {
  ASSERT_THAT(Run(), IsOk());
  const auto data = ReportData(std::vector{dir_.path() / "run"});
  ASSERT_THAT(data, IsOk());
  EXPECT_TRUE((*data)["samples"][0]["teachers"].empty());
  EXPECT_TRUE((*data)["samples"][0]["students"][0].is_string());
}

TEST_F(RunTrainTest, WithoutAnythingHeldOutThereAreNoSamplesToShow) {
  options_.data.split.val_fraction = 0;
  ASSERT_THAT(Run(), IsOk());
  const auto data = ReportData(std::vector{dir_.path() / "run"});
  ASSERT_THAT(data, IsOk());
  EXPECT_TRUE((*data)["samples"].empty());
  EXPECT_TRUE((*data)["runs"][0]["quality"].is_null());
}

TEST_F(RunTrainTest, DistilledOnWhatIsNotLabelledToo) {
  Distill();
  options_.data.split.label_count = 20;
  ASSERT_THAT(Run(), IsOk());
  const nlohmann::json end = Metrics().back();
  EXPECT_EQ(end["samples_with_targets"], 2 * 90);
  EXPECT_EQ(end["samples_without_targets"], 0);
  EXPECT_EQ(end["probe_samples"],
            20 + 10);  // the probe's, and the validation part's for the report
}

TEST_F(RunTrainTest, AtAlphaZeroOnlyLabelledSamplesAreNamedAndNoTeacherIsAsked) {
  Distill();
  options_.loss.alpha = 0;
  options_.data.split.label_count = 20;
  ASSERT_THAT(Run(), IsOk());
  EXPECT_EQ(Metrics().front()["samples"], 20);
  EXPECT_TRUE(teacher_.opens().empty());
}

TEST_F(RunTrainTest, SoftTargetsAloneNeedNoLabelButThoseHeldOut) {
  Distill();
  options_.loss.alpha = 1;
  options_.data.split.label_count = 0;
  ASSERT_THAT(Run(), IsOk());
  EXPECT_TRUE(Metrics().front()["train_accuracy"].is_null());
  EXPECT_EQ(Metrics().back()["probe_samples"], 2 * 10);  // the validation part, for each
}

TEST_F(RunTrainTest, ATeacherThatIsNoBetterThanChanceIsRefusedBeforeAnythingIsWritten) {
  WriteData(dir_.path(), /*shift=*/1);
  Distill();
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("parity probe")));
  EXPECT_FALSE(RunDirectoryExists());

  options_.teacher.allow_misaligned = true;
  EXPECT_THAT(Run(), IsOk());
}

TEST_F(RunTrainTest, ATeacherOfAnotherShapeIsRefused) {
  FakeTeacherOptions other = TeacherOfImages();
  other.model.inputs[0].shape = {3, 32, 32};
  teacher_.SetOptions(other);
  Distill();
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("[3, 32, 32]")));
  EXPECT_FALSE(RunDirectoryExists());
}

TEST_F(RunTrainTest, AnAnswerThatBreaksTheContractEndsTheRun) {
  Distill();
  options_.teacher.on_loss = TeacherLossPolicy::kHardLabels;
  teacher_.SpoilNextAnswer(testing::AnswerFault::kWrongClasses);
  EXPECT_FALSE(Run().ok());
}

TEST_F(RunTrainTest, AStopCancelsIt) {
  options_.run.epochs = 1'000'000;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(Run(stop.get_token()), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(RunTrainTest, AStopEndsTheWaitForALostTeacher) {
  Distill();
  teacher_.HoldAnswers();
  std::stop_source stop;
  std::thread stopper([&] {
    teacher_.WaitForRequests(1);  // the probe waits for its answer
    stop.request_stop();
  });
  EXPECT_FALSE(Run(stop.get_token()).ok());
  stopper.join();
}

}  // namespace
}  // namespace distill
