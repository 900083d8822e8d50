#include "tests/bench/open_loop_schedule.h"

#include <gtest/gtest.h>

namespace distill {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'000'000'000);

TEST(OpenLoopScheduleTest, SendsAtTheRateOnTheStreamsInTurn) {
  const OpenLoopSchedule schedule(kStart, 4, 3);
  EXPECT_EQ(schedule.At(0).at, kStart);
  EXPECT_EQ(schedule.At(1).at, kStart + absl::Milliseconds(250));
  EXPECT_EQ(schedule.At(8).at, kStart + absl::Seconds(2));
  EXPECT_EQ(schedule.At(2).stream, 2);
  EXPECT_EQ(schedule.At(3).stream, 0);
}

TEST(OpenLoopScheduleTest, AddsUpNoError) {
  const OpenLoopSchedule schedule(kStart, 3, 1);  // a third of a second is not a whole number of ns
  EXPECT_EQ(schedule.At(3'000'000).at, kStart + absl::Seconds(1'000'000));
}

}  // namespace
}  // namespace distill
