#include "student_trainer/step/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(LearningRate, WarmsUpInEqualStepsAndPeaksAtTheirEnd) {
  for (const ScheduleKind kind : {ScheduleKind::kCosine, ScheduleKind::kLinear, ScheduleKind::kStep,
                                  ScheduleKind::kConstant}) {
    const LearningRateSchedule schedule{
        .kind = kind, .peak = 0.4, .warmup_steps = 4, .total_steps = 100};
    EXPECT_DOUBLE_EQ(LearningRate(schedule, 0), 0.1);
    EXPECT_DOUBLE_EQ(LearningRate(schedule, 1), 0.2);
    EXPECT_DOUBLE_EQ(LearningRate(schedule, 3), 0.4);
    EXPECT_DOUBLE_EQ(LearningRate(schedule, 4), 0.4);
  }
}

TEST(LearningRate, IsHalfThePeakMidwayThroughTheCosine) {
  const LearningRateSchedule schedule{.peak = 0.4, .warmup_steps = 10, .total_steps = 110};
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 60), 0.2);
}

TEST(LearningRate, FallsFromStepToStepAndStaysAboveZero) {
  for (const ScheduleKind kind : {ScheduleKind::kCosine, ScheduleKind::kLinear}) {
    const LearningRateSchedule schedule{.kind = kind, .peak = 1, .total_steps = 50};
    for (int step = 1; step < 50; ++step) {
      EXPECT_LT(LearningRate(schedule, step), LearningRate(schedule, step - 1));
      EXPECT_GT(LearningRate(schedule, step), 0);
    }
  }
}

TEST(LearningRate, WarmUpMayFillTheWholeRun) {
  const LearningRateSchedule schedule{.peak = 1, .warmup_steps = 2, .total_steps = 2};
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 1), 1);
}

TEST(LearningRate, LinearFallsByEqualStepsAfterTheWarmUp) {
  const LearningRateSchedule schedule{
      .kind = ScheduleKind::kLinear, .peak = 1, .warmup_steps = 2, .total_steps = 12};
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 2), 1);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 3), 0.9);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 11), 0.1);
}

TEST(LearningRate, EndsAtTheFinalFractionAndStaysThere) {
  for (const ScheduleKind kind : {ScheduleKind::kCosine, ScheduleKind::kLinear}) {
    const LearningRateSchedule schedule{
        .kind = kind, .peak = 2, .total_steps = 10, .final_fraction = 0.05};
    EXPECT_GT(LearningRate(schedule, 9), 0.1);
    EXPECT_DOUBLE_EQ(LearningRate(schedule, 10), 0.1);
    EXPECT_DOUBLE_EQ(LearningRate(schedule, 11), 0.1);
    EXPECT_NEAR(LearningRate(schedule, 5), 1.05, 1e-12);
  }
}

TEST(LearningRate, StepIsMultipliedFromEachDecayStepOn) {
  const LearningRateSchedule schedule{.kind = ScheduleKind::kStep,
                                      .peak = 1,
                                      .total_steps = 100,
                                      .decay_steps = StepsAtFractions({0.5, 0.75}, 100),
                                      .gamma = 0.1};
  EXPECT_THAT(schedule.decay_steps, ElementsAre(50, 75));
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 49), 1);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 50), 0.1);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 74), 0.1);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 75), 0.01);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 99), 0.01);
}

TEST(LearningRate, ConstantStaysAtThePeak) {
  const LearningRateSchedule schedule{
      .kind = ScheduleKind::kConstant, .peak = 0.3, .total_steps = 10};
  EXPECT_EQ(LearningRate(schedule, 0), 0.3);
  EXPECT_EQ(LearningRate(schedule, 9), 0.3);
}

TEST(LearningRate, OptionsOutOfRangeAreNamed) {
  EXPECT_TRUE(LearningRateSchedule().Validate().ok());
  const auto message = [](const LearningRateSchedule& schedule) {
    return std::string(schedule.Validate().message());
  };
  EXPECT_THAT(message({.peak = -1}), HasSubstr("`peak` is -1; must be "));
  EXPECT_THAT(message({.warmup_steps = -2}), HasSubstr("`warmup_steps` is -2; must be "));
  EXPECT_THAT(message({.total_steps = 0}), HasSubstr("`total_steps` is 0; must be "));
  EXPECT_THAT(message({.final_fraction = 2}), HasSubstr("`final_fraction` is 2; must be "));
  EXPECT_THAT(message({.decay_steps = {3, 2}}),
              HasSubstr("`decay_steps` is 3 2; must be in ascending order"));
  EXPECT_THAT(message({.gamma = 0}), HasSubstr("`gamma` is 0; must be "));
}

TEST(ScheduleKindTest, NamesAreReadBack) {
  for (const ScheduleKind kind : {ScheduleKind::kCosine, ScheduleKind::kLinear, ScheduleKind::kStep,
                                  ScheduleKind::kConstant}) {
    EXPECT_EQ(*ParseScheduleKind(Name(kind)), kind);
  }
  EXPECT_THAT(std::string(ParseScheduleKind("cos").status().message()),
              HasSubstr("must be cosine, linear, step or constant"));
}

TEST(ValueScheduleTest, GoesFromTheFirstStepToTheLast) {
  for (const ScheduleKind kind : {ScheduleKind::kCosine, ScheduleKind::kLinear}) {
    const ValueSchedule schedule{.from = 4, .to = 1, .kind = kind, .total_steps = 31};
    EXPECT_DOUBLE_EQ(ValueAt(schedule, 0), 4);
    EXPECT_DOUBLE_EQ(ValueAt(schedule, 15), 2.5);
    EXPECT_DOUBLE_EQ(ValueAt(schedule, 30), 1);
    EXPECT_DOUBLE_EQ(ValueAt(schedule, 31), 1);
  }
}

TEST(ValueScheduleTest, ConstantIsTheFirstValue) {
  EXPECT_EQ(ValueAt({.from = 0.9, .total_steps = 5}, 4), 0.9);
}

TEST(ValueScheduleTest, ARunOfOneStepHasTheFirstValue) {
  EXPECT_EQ(ValueAt({.from = 3, .to = 1, .kind = ScheduleKind::kLinear}, 0), 3);
}

TEST(ValueScheduleTest, WhatIsNoScheduleIsRefused) {
  EXPECT_TRUE((ValueSchedule{.from = 1}).Validate().ok());
  EXPECT_FALSE((ValueSchedule{.from = std::numeric_limits<double>::infinity()}).Validate().ok());
  EXPECT_FALSE((ValueSchedule{.kind = ScheduleKind::kStep}).Validate().ok());
  EXPECT_FALSE((ValueSchedule{.total_steps = 0}).Validate().ok());
}

}  // namespace
}  // namespace distill
