#include "student_trainer/logs/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "tests/testing/fake_clock.h"

namespace distill {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

ProgressState Midway() {
  return {.epoch = 2,
          .epochs = 10,
          .step = 250,
          .steps = 1000,
          .samples = 32000,
          .loss = 0.5,
          .accuracy = 0.912,
          .waited = absl::Seconds(2),
          .has_teacher = true};
}

TEST(FormatProgress, ShowsRateLossAccuracyWaitingAndTimeLeft) {
  EXPECT_EQ(FormatProgress(Midway(), absl::Seconds(20)),
            "epoch 3/10  step 250/1000  1600 samples/s  loss 0.5000  accuracy 91.2%  waiting 10%  "
            "left 1m");
}

TEST(FormatProgress, LeavesOutWhatThereIsNot) {
  ProgressState state = Midway();
  state.accuracy = std::numeric_limits<double>::quiet_NaN();
  state.has_teacher = false;
  const std::string line = FormatProgress(state, absl::Seconds(20));
  EXPECT_THAT(line, Not(HasSubstr("accuracy")));
  EXPECT_THAT(line, Not(HasSubstr("waiting")));
}

TEST(Progress, APipeGetsAPlainLineEveryTenSeconds) {
  testing::FakeClock clock;
  std::ostringstream out;
  Progress progress(out, Progress::Output::kPipe, clock);
  clock.Advance(absl::Seconds(9));
  progress.Update(Midway());
  EXPECT_THAT(out.str(), IsEmpty());
  clock.Advance(absl::Seconds(1));
  progress.Update(Midway());
  progress.Update(Midway());
  EXPECT_EQ(out.str(), FormatProgress(Midway(), absl::Seconds(10)) + "\n");
}

TEST(Progress, ATerminalsLineIsClearedBeforeALineThatStays) {
  testing::FakeClock clock;
  std::ostringstream out;
  Progress progress(out, Progress::Output::kTerminal, clock);
  clock.Advance(absl::Seconds(1));
  progress.Update(Midway());
  EXPECT_THAT(out.str(), Not(HasSubstr("\n")));
  progress.Print("epoch 3/10 done");
  EXPECT_THAT(out.str(), HasSubstr("\r\x1b[Kepoch 3/10 done\n"));
}

}  // namespace
}  // namespace distill
