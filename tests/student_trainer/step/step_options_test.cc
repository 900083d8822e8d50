#include "student_trainer/step/step_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "student_trainer/step/trainer_options.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

constexpr RunLength kLength = {.epochs = 20, .steps_per_epoch = 50};

TrainerOptions For(const StepOptions& options, const DistillationChoice& loss = {}) {
  const auto trainer = options.For(kLength, loss, /*has_teacher=*/true);
  EXPECT_THAT(trainer.status(), IsOk());
  return trainer.value_or(TrainerOptions());
}

TEST(StepOptionsTest, StepsAreThoseOfTheWholeRun) {
  const TrainerOptions trainer = For({.lr = 0.25, .warmup_epochs = 0.5});
  EXPECT_EQ(trainer.schedule.kind, ScheduleKind::kCosine);
  EXPECT_EQ(trainer.schedule.peak, 0.25);
  EXPECT_EQ(trainer.schedule.warmup_steps, 25);
  EXPECT_EQ(trainer.schedule.total_steps, 1000);
  EXPECT_TRUE(trainer.schedule.decay_steps.empty());
}

TEST(StepOptionsTest, PartsOfTheRunBecomeStepsWhereTheScheduleHasSteps) {
  const TrainerOptions trainer = For({.schedule = ScheduleKind::kStep, .decay_at = {0.5, 0.75}});
  EXPECT_THAT(trainer.schedule.decay_steps, ElementsAre(500, 750));
}

TEST(StepOptionsTest, ALossThatChangesDoesSoOverTheRun) {
  DistillationChoice loss{.alpha = 0.5};
  const TrainerOptions constant = For({}, loss);
  EXPECT_EQ(constant.loss.alpha, 0.5);
  EXPECT_FALSE(constant.alpha.has_value());

  loss.final_alpha = 1;
  loss.temperature = 8;
  loss.final_temperature = 2;
  const TrainerOptions changing = For({}, loss);
  EXPECT_EQ(ValueAt(*changing.alpha, 0), 0.5);
  EXPECT_EQ(ValueAt(*changing.alpha, 1000), 1);
  EXPECT_EQ(ValueAt(*changing.temperature, 0), 8);
  EXPECT_EQ(ValueAt(*changing.temperature, 1000), 2);
}

TEST(StepOptionsTest, WhatIsSaidOfTheStepIsTakenOver) {
  const TrainerOptions trainer =
      For({.optimizer = {.kind = OptimizerKind::kAdamW, .weight_decay = 0.125},
           .clip_norm = 3,
           .max_norm = 4,
           .accumulate = 5,
           .ema_decay = 0.75,
           .autocast = Autocast::kBf16},
          {.label_smoothing = 0.0625});
  EXPECT_EQ(trainer.optimizer.kind, OptimizerKind::kAdamW);
  EXPECT_EQ(trainer.optimizer.weight_decay, 0.125);
  EXPECT_EQ(trainer.clip_norm, 3);
  EXPECT_EQ(trainer.max_norm, 4);
  EXPECT_EQ(trainer.accumulate, 5);
  EXPECT_EQ(trainer.ema_decay, 0.75);
  EXPECT_EQ(trainer.autocast, Autocast::kBf16);
  EXPECT_EQ(trainer.loss.label_smoothing, 0.0625);
}

TEST(StepOptionsTest, TheRateIsTheOptimizersUnlessItIsGiven) {
  StepOptions options;
  EXPECT_EQ(options.ResolvedLr(), 0.1);
  options.optimizer.kind = OptimizerKind::kAdamW;
  EXPECT_EQ(options.ResolvedLr(), 0.001);
  options.lr = 0.05;
  EXPECT_EQ(options.ResolvedLr(), 0.05);
}

TEST(StepOptionsTest, AnObjectiveThatIsNotKnownIsNamed) {
  EXPECT_THAT(StepOptions().For(kLength, {.objective = "nothing"}, true).status(),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("objective")));
  EXPECT_THAT(StepOptions().For(kLength, {.objective_parameters = "beta="}, true).status(),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("`objective_parameters`")));
}

}  // namespace
}  // namespace distill
