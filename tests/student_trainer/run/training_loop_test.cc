#include "student_trainer/run/training_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <sstream>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/base/files.h"
#include "common/zoo/registry.h"
#include "student_trainer/data/sampler.h"
#include "student_trainer/pipeline/batch_loader.h"
#include "tests/student_trainer/testing/small_dataset.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;

constexpr int64_t kLoopSamples = 33;
constexpr int64_t kBatch = 8;
constexpr uint64_t kSeed = 7;

class LoaderWithoutTargets : public TargetedBatchSource {
 public:
  explicit LoaderWithoutTargets(BatchLoader& loader) : loader_(loader) {}
  absl::StatusOr<std::optional<TargetedBatch>> Next() override {
    auto batch = loader_.Next();
    if (!batch.ok()) return batch.status();
    if (!batch->has_value()) return std::nullopt;
    return TargetedBatch{.batch = **std::move(batch)};
  }
  absl::Duration waited() const override { return absl::Seconds(1); }

 private:
  BatchLoader& loader_;
};

class TrainingLoopTest : public ::testing::Test {
 protected:
  static std::shared_ptr<Model> MakeModel() {
    at::manual_seed(1);
    return *CreateModel(*ArchitectureOf("mlp_small", {1, 4, 4}, 4));
  }

  TrainingLoop Loop() { return Loop(source_, *log_); }

  TrainingLoop Loop(TargetedBatchSource& source, RunLog& log) {
    return {.trainer = trainer_,
            .batches = source,
            .validate = [this] { return validations_.at(validated_++); },
            .keep_best =
                [this](int64_t epoch, const EvaluationResult&) {
                  kept_.push_back(epoch);
                  return absl::OkStatus();
                },
            .checkpoint =
                [this](const RunProgress& run) {
                  checkpoints_.push_back(run);
                  return absl::OkStatus();
                },
            .log = log,
            .progress = progress_,
            .clock = clock_,
            .epochs = kEpochs,
            .batches_per_epoch = maker_.batches_per_epoch()};
  }

  std::vector<nlohmann::json> Metrics() const {
    std::vector<nlohmann::json> records;
    const std::string text = *ReadFile(dir_.path() / "metrics.jsonl");
    for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      records.push_back(nlohmann::json::parse(line));
    }
    return records;
  }

  static constexpr int64_t kEpochs = 4;
  const testing::SmallDataset data_{kLoopSamples};
  const std::vector<int64_t> samples_ = AllSamples(data_);
  CorruptSamples corrupt_;
  const BatchMaker maker_{data_,
                          samples_,
                          samples_,
                          {.batch_size = kBatch, .epochs = kEpochs, .seed = kSeed},
                          corrupt_};
  BatchLoader loader_{maker_, {}};
  LoaderWithoutTargets source_{loader_};
  Trainer trainer_{
      MakeModel(),
      {.inputs = {{"image", DType::kUint8, {1, 4, 4}}}, .normalization = {.scale = 255}},
      {.loss = {.alpha = 0}, .schedule = {.peak = 0.01, .total_steps = 100}}};
  const testing::TempDir dir_;
  testing::FakeClock clock_;
  absl::StatusOr<RunLog> log_ = RunLog::Open(dir_.path(), {}, clock_.Now());
  std::ostringstream out_;
  Progress progress_{out_, Progress::Output::kPipe, clock_};

  std::vector<absl::StatusOr<EvaluationResult>> validations_ =
      std::vector<absl::StatusOr<EvaluationResult>>(kEpochs, EvaluationResult{.samples = 10});
  size_t validated_ = 0;
  std::vector<int64_t> kept_;
  std::vector<RunProgress> checkpoints_;
};

TEST_F(TrainingLoopTest, TrainsEverySampleOfEveryEpochInTheSamplersOrder) {
  const auto summary = RunTrainingLoop(Loop(), {});
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->run.samples, kEpochs * kLoopSamples);
  const std::vector<nlohmann::json> metrics = Metrics();
  ASSERT_EQ(metrics.size(), static_cast<size_t>(kEpochs));
  for (int64_t epoch = 0; epoch < kEpochs; ++epoch) {
    TrainedIdsHash expected;
    for (const int64_t id : EpochOrder(samples_, kSeed, epoch)) expected.Add(id);
    EXPECT_EQ(metrics[epoch]["ids_hash"], absl::StrFormat("%016x", expected.value()));
    EXPECT_EQ(metrics[epoch]["samples"], kLoopSamples);
  }
}

TEST_F(TrainingLoopTest, KeepsTheModelWithTheFewestErrorsAndThenTheSmallestLoss) {
  validations_ = {EvaluationResult{.samples = 10, .errors = 5, .loss = 1.0},
                  EvaluationResult{.samples = 10, .errors = 3, .loss = 1.2},
                  EvaluationResult{.samples = 10, .errors = 3, .loss = 1.1},
                  EvaluationResult{.samples = 10, .errors = 3, .loss = 1.3}};
  const auto summary = RunTrainingLoop(Loop(), {});
  ASSERT_THAT(summary, IsOk());
  EXPECT_THAT(kept_, ElementsAre(0, 1, 2));
  EXPECT_EQ(summary->run.best_epoch, 2);
  EXPECT_EQ(summary->run.best_validation.errors, 3);
}

TEST_F(TrainingLoopTest, TheLastModelIsKeptWhereNothingIsHeldOut) {
  validations_.assign(kEpochs, EvaluationResult{});
  ASSERT_THAT(RunTrainingLoop(Loop(), {}), IsOk());
  EXPECT_EQ(kept_.back(), kEpochs - 1);
}

TEST_F(TrainingLoopTest, ValidatesAsOftenAsAskedAndAlwaysAtTheEnd) {
  TrainingLoop loop = Loop();
  loop.validate_every = 3;
  ASSERT_THAT(RunTrainingLoop(loop, {}), IsOk());
  EXPECT_EQ(validated_, 2u);  // after the third and the fourth
}

TEST_F(TrainingLoopTest, SamplesWithoutTargetsAreCountedWhereThereIsATeacher) {
  TrainingLoop loop = Loop();
  loop.has_teacher = true;
  const auto summary = RunTrainingLoop(loop, {});
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->samples_without_targets, kEpochs * kLoopSamples);
  EXPECT_EQ(Metrics()[0]["samples_without_targets"], kLoopSamples);
}

TEST_F(TrainingLoopTest, AStopEndsItBeforeTheNextStep) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(RunTrainingLoop(Loop(), stop.get_token()), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(trainer_.steps(), 0);
}

TEST_F(TrainingLoopTest, KeepsWhereItStandsAtTheEndsOfEpochsAndAsOftenAsAsked) {
  TrainingLoop loop = Loop();
  loop.checkpoint_every = 2;
  ASSERT_THAT(RunTrainingLoop(loop, {}), IsOk());
  std::vector<int64_t> after;
  for (const RunProgress& run : checkpoints_) after.push_back(run.batches);
  EXPECT_THAT(after, ElementsAre(2, 4, 6, 8, 10, 12, 14, 16));  // epochs of four
}

TEST_F(TrainingLoopTest, WhatIsKeptIsWholeSteps) {
  TrainingLoop loop = Loop();
  loop.accumulate = 3;
  loop.checkpoint_every = 1;
  ASSERT_THAT(RunTrainingLoop(loop, {}), IsOk());
  std::vector<int64_t> after;
  for (const RunProgress& run : checkpoints_) after.push_back(run.batches);
  EXPECT_THAT(after, ElementsAre(3, 4, 7, 8, 11, 12, 15, 16));
}

TEST_F(TrainingLoopTest, AnotherGoesOnWhereOneStoodAndTheMetricsAreTheSame) {
  TrainingLoop whole = Loop();
  whole.checkpoint_every = 1;
  const auto expected = RunTrainingLoop(whole, {});
  ASSERT_THAT(expected, IsOk());
  const std::vector<nlohmann::json> records = Metrics();
  const RunProgress& stood = checkpoints_[6];  // in the middle of the second epoch
  ASSERT_EQ(stood.batches, 7);

  validated_ = 1;
  BatchLoader loader(maker_, {.first_batch = 7});
  LoaderWithoutTargets source(loader);
  const testing::TempDir again;
  auto log = RunLog::Open(again.path(), {}, clock_.Now());
  TrainingLoop rest = Loop(source, *log);
  rest.begin = *RunProgressFromJson(nlohmann::json::parse(ToJson(stood).dump()));
  const auto summary = RunTrainingLoop(rest, {});
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->run.samples, expected->run.samples);
  EXPECT_EQ(summary->run.best_epoch, expected->run.best_epoch);
  const std::string text = *ReadFile(again.path() / "metrics.jsonl");
  const std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 3u);
  for (size_t i = 0; i < lines.size(); ++i) {
    const nlohmann::json record = nlohmann::json::parse(lines[i]);
    for (const char* key : {"epoch", "samples", "ids_hash", "samples_trained"}) {
      EXPECT_EQ(record[key], records[i + 1][key]) << key;
    }
  }
}

TEST_F(TrainingLoopTest, AStopKeepsWhereItStands) {
  std::stop_source stop;
  stop.request_stop();
  ASSERT_THAT(RunTrainingLoop(Loop(), stop.get_token()), StatusIs(absl::StatusCode::kCancelled));
  ASSERT_EQ(checkpoints_.size(), 1u);
  EXPECT_EQ(checkpoints_[0].batches, 0);
}

TEST_F(TrainingLoopTest, AnErrorOfTheSourceKeepsWhereItStands) {
  BatchLoader loader(maker_, {.first_batch = 13});  // ends too early
  LoaderWithoutTargets source(loader);
  EXPECT_THAT(RunTrainingLoop(Loop(source, *log_), {}), StatusIs(absl::StatusCode::kInternal));
  ASSERT_FALSE(checkpoints_.empty());
  EXPECT_EQ(checkpoints_.back().batches, 3);
}

TEST_F(TrainingLoopTest, AFailedValidationEndsTheRun) {
  validations_[1] = absl::InternalError("the data vanished");
  EXPECT_THAT(RunTrainingLoop(Loop(), {}),
              StatusIs(absl::StatusCode::kInternal, ::testing::HasSubstr("vanished")));
}

}  // namespace
}  // namespace distill
