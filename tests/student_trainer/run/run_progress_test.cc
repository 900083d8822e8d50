#include "student_trainer/run/run_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::IsOk;
using testing::StatusIs;

TrainingBatch BatchOf(std::vector<int64_t> ids) {
  TrainingBatch batch;
  batch.sample_ids = std::move(ids);
  return batch;
}

TEST(EpochTotalsTest, BatchesWeighByTheirRows) {
  EpochTotals totals;
  totals.Add({.samples = 2, .rows = 3, .labelled = 2, .correct = 1, .loss = 1, .student_loss = 4},
             BatchOf({5, 6}));
  totals.Add({.samples = 1,
              .rows = 1,
              .with_targets = 1,
              .labelled = 1,
              .loss = 5,
              .distillation_loss = 8},
             BatchOf({8}));
  EXPECT_EQ(totals.named, 3);
  EXPECT_EQ(totals.trained, 3);
  EXPECT_EQ(totals.rows, 4);
  EXPECT_EQ(totals.with_targets, 1);
  EXPECT_DOUBLE_EQ(totals.Mean(totals.loss), 2);
  EXPECT_DOUBLE_EQ(totals.Mean(totals.student_loss), 3);
  EXPECT_DOUBLE_EQ(totals.Mean(totals.distillation_loss), 2);
  EXPECT_DOUBLE_EQ(totals.Accuracy(), 1.0 / 3);
}

TEST(EpochTotalsTest, ABatchThatWasNotTrainedOnIsOnlyNamed) {
  EpochTotals totals;
  totals.Add({.trained = false, .samples = 3, .loss = 7}, BatchOf({5, 6, 7}));
  EXPECT_EQ(totals.named, 3);
  EXPECT_EQ(totals.trained, 0);
  EXPECT_EQ(totals.Mean(totals.loss), 0);
  EXPECT_TRUE(std::isnan(totals.Accuracy()));
}

TEST(EpochTotalsTest, TheHashIsOfTheIdsInTheirOrderWhateverTheBatches) {
  EpochTotals together, apart, reversed;
  together.Add({.samples = 2}, BatchOf({5, 6}));
  apart.Add({.samples = 1}, BatchOf({5}));
  apart.Add({.samples = 1}, BatchOf({6}));
  reversed.Add({.samples = 2}, BatchOf({6, 5}));
  EXPECT_EQ(together.ids.value(), apart.ids.value());
  EXPECT_NE(together.ids.value(), reversed.ids.value());
}

RunProgress Sample() {
  RunProgress progress{.batches = 1234,
                       .epochs = 4,
                       .epoch_batches = 34,
                       .epoch_length = 300,
                       .named = 99,
                       .samples = 98,
                       .samples_with_targets = 97,
                       .has_best = true,
                       .best_epoch = 3,
                       .best_batches = 1000,
                       .best_validation = {.samples = 10, .errors = 2, .loss = 0.1},
                       .seconds = 1.0 / 3,
                       .seconds_waiting = 1e-300};
  progress.epoch.Add({.samples = 3, .labelled = 2, .loss = 0.1}, BatchOf({5, 6, 7}));
  return progress;
}

TEST(RunProgressTest, ReadingTheJsonGivesTheProgressBackBitForBit) {
  const RunProgress progress = Sample();
  const std::string text = ToJson(progress).dump();
  const auto read = RunProgressFromJson(nlohmann::json::parse(text));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(ToJson(*read).dump(), text);
  EXPECT_EQ(read->batches, 1234);
  EXPECT_EQ(read->seconds, progress.seconds);
  EXPECT_EQ(read->seconds_waiting, progress.seconds_waiting);
  EXPECT_EQ(read->epoch.loss, progress.epoch.loss);
  EXPECT_EQ(read->epoch.ids.value(), progress.epoch.ids.value());
  EXPECT_EQ(read->best_validation.errors, 2);
}

TEST(RunProgressTest, AnInfiniteLossSurvivesTheJson) {
  RunProgress progress;
  progress.best_validation.loss = std::numeric_limits<double>::infinity();
  const auto read = RunProgressFromJson(nlohmann::json::parse(ToJson(progress).dump()));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->best_validation.loss, progress.best_validation.loss);
}

TEST(RunProgressTest, WhatIsNotProgressIsRefused) {
  nlohmann::json missing = ToJson(Sample());
  missing.erase("batches");
  nlohmann::json of_another_type = ToJson(Sample());
  of_another_type["epoch"] = "three";
  for (const nlohmann::json& json : {nlohmann::json(), missing, of_another_type}) {
    EXPECT_THAT(RunProgressFromJson(json), StatusIs(absl::StatusCode::kInvalidArgument)) << json;
  }
}

TEST(ResumeAtTest, WithEpochsOfTheSameLengthNothingChanges) {
  std::string change = "left";
  EXPECT_EQ(ToJson(ResumeAt(Sample(), 300, &change)), ToJson(Sample()));
  EXPECT_EQ(change, "");
}

TEST(ResumeAtTest, AnEpochOfAnotherLengthBeginsAgain) {
  std::string change;
  const RunProgress now = ResumeAt(Sample(), 500, &change);
  EXPECT_EQ(now.batches, 1234);
  EXPECT_EQ(now.epochs, 4);
  EXPECT_EQ(now.epoch_batches, 0);
  EXPECT_EQ(now.epoch.named, 0);
  EXPECT_EQ(change, "an epoch has 500 batches, where it had 300: epoch 5 begins again");
  RunProgress between = Sample();
  between.epoch_batches = 0;
  EXPECT_EQ(ResumeAt(between, 500, &change).epochs, 4);
  EXPECT_EQ(change, "an epoch has 500 batches, where it had 300");
}

TEST(ResumeAtTest, BatchesOfAnEarlierVersionAreDividedIntoEpochs) {
  nlohmann::json json = ToJson(Sample());
  for (const char* key : {"epochs", "epoch_batches", "epoch_length"}) json.erase(key);
  std::string change;
  const RunProgress now = ResumeAt(*RunProgressFromJson(json), 300, &change);
  EXPECT_EQ(now.epochs, 4);
  EXPECT_EQ(now.epoch_batches, 34);
  EXPECT_EQ(change, "");
}

}  // namespace
}  // namespace distill
