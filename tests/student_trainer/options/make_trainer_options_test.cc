#include "student_trainer/options/make_trainer_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

TEST(MakeTrainerOptionsTest, StepsAreThoseOfTheWholeRun) {
  TrainOptions options;
  options.epochs = 20;
  options.lr = 0.25;
  options.warmup_epochs = 0.5;
  const auto trainer = MakeTrainerOptions(options, /*steps_per_epoch=*/50);
  ASSERT_THAT(trainer, IsOk());
  EXPECT_EQ(trainer->schedule.kind, ScheduleKind::kCosine);
  EXPECT_EQ(trainer->schedule.peak, 0.25);
  EXPECT_EQ(trainer->schedule.warmup_steps, 25);
  EXPECT_EQ(trainer->schedule.total_steps, 1000);
  EXPECT_TRUE(trainer->schedule.decay_steps.empty());
}

TEST(MakeTrainerOptionsTest, PartsOfTheRunBecomeStepsWhereTheScheduleHasSteps) {
  TrainOptions options;
  options.epochs = 20;
  options.schedule = "step";
  options.decay_at = {0.5, 0.75};
  const auto trainer = MakeTrainerOptions(options, 50);
  ASSERT_THAT(trainer, IsOk());
  EXPECT_THAT(trainer->schedule.decay_steps, ElementsAre(500, 750));
}

TEST(MakeTrainerOptionsTest, ALossThatChangesDoesSoOverTheRun) {
  TrainOptions options;
  options.epochs = 20;
  options.alpha = 0.5;
  const auto constant = MakeTrainerOptions(options, 50);
  ASSERT_THAT(constant, IsOk());
  EXPECT_EQ(constant->loss.alpha, 0.5);
  EXPECT_FALSE(constant->alpha.has_value());

  options.final_alpha = 1;
  options.temperature = 8;
  options.final_temperature = 2;
  const auto changing = MakeTrainerOptions(options, 50);
  ASSERT_THAT(changing, IsOk());
  EXPECT_EQ(ValueAt(*changing->alpha, 0), 0.5);
  EXPECT_EQ(ValueAt(*changing->alpha, 1000), 1);
  EXPECT_EQ(ValueAt(*changing->temperature, 0), 8);
  EXPECT_EQ(ValueAt(*changing->temperature, 1000), 2);
}

TEST(MakeTrainerOptionsTest, WhatIsSaidOfTheStepIsTakenOver) {
  TrainOptions options;
  options.optimizer = "adamw";
  options.weight_decay = 0.125;
  options.clip_norm = 3;
  options.max_norm = 4;
  options.accumulate = 5;
  options.ema_decay = 0.75;
  options.autocast = "bf16";
  options.label_smoothing = 0.0625;
  const auto trainer = MakeTrainerOptions(options, 50);
  ASSERT_THAT(trainer, IsOk());
  EXPECT_EQ(trainer->optimizer.kind, OptimizerKind::kAdamW);
  EXPECT_EQ(trainer->optimizer.weight_decay, 0.125);
  EXPECT_EQ(trainer->clip_norm, 3);
  EXPECT_EQ(trainer->max_norm, 4);
  EXPECT_EQ(trainer->accumulate, 5);
  EXPECT_EQ(trainer->ema_decay, 0.75);
  EXPECT_EQ(trainer->autocast, Autocast::kBf16);
  EXPECT_EQ(trainer->loss.label_smoothing, 0.0625);
}

TEST(MakeTrainerOptionsTest, AWordThatIsNotKnownIsNamedWithItsOption) {
  const auto refuses = [](const TrainOptions& options, const std::string& option) {
    EXPECT_THAT(MakeTrainerOptions(options, 50),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(option)));
  };
  TrainOptions options;
  options.objective = "nothing";
  refuses(options, "objective");
  options = {};
  options.objective_parameters = "beta=";
  refuses(options, "objective_parameters");
  options = {};
  options.optimizer = "adam";
  refuses(options, "optimizer");
  options = {};
  options.schedule = "sawtooth";
  refuses(options, "schedule");
  options = {};
  options.autocast = "fp8";
  refuses(options, "autocast");
}

TEST(ResolveObjectiveTest, TheModifierBelongsToTheObjective) {
  TrainOptions options;
  EXPECT_FALSE(ResolveObjective(options)->standardize_logits);
  options.standardize_logits = true;
  EXPECT_TRUE(ResolveObjective(options)->standardize_logits);
}

}  // namespace
}  // namespace distill
