#include "student_trainer/train/schedule.h"

#include <gtest/gtest.h>

namespace distill {
namespace {

TEST(LearningRate, WarmsUpInEqualStepsAndPeaksAtTheirEnd) {
  const CosineSchedule schedule{.peak = 0.4, .warmup_steps = 4, .total_steps = 100};
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 0), 0.1);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 1), 0.2);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 3), 0.4);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 4), 0.4);
}

TEST(LearningRate, IsHalfThePeakMidwayThroughTheCosine) {
  const CosineSchedule schedule{.peak = 0.4, .warmup_steps = 10, .total_steps = 110};
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 60), 0.2);
}

TEST(LearningRate, FallsFromStepToStepAndStaysAboveZero) {
  const CosineSchedule schedule{.peak = 1, .warmup_steps = 0, .total_steps = 50};
  for (int step = 1; step < 50; ++step) {
    EXPECT_LT(LearningRate(schedule, step), LearningRate(schedule, step - 1));
    EXPECT_GT(LearningRate(schedule, step), 0);
  }
}

TEST(LearningRate, WarmUpMayFillTheWholeRun) {
  const CosineSchedule schedule{.peak = 1, .warmup_steps = 2, .total_steps = 2};
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 1), 1);
}

}  // namespace
}  // namespace distill
