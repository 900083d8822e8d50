#include "common/client/session/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace distill {
namespace {

TEST(BackoffTest, DelaysGrowToTheMaximumWithinTheJitter) {
  const BackoffOptions options = {
      .initial = absl::Milliseconds(100), .multiplier = 1.6, .max = absl::Seconds(5)};
  Backoff backoff(options, 7);
  double expected = 100;
  for (int i = 0; i < 30; ++i) {
    const double delay = absl::ToDoubleMilliseconds(backoff.Next());
    EXPECT_GE(delay, 0.8 * expected - 0.001) << i;
    EXPECT_LE(delay, 1.2 * expected + 0.001) << i;
    expected = std::min(5000.0, expected * 1.6);
  }
  EXPECT_EQ(expected, 5000);
}

TEST(BackoffTest, ResetBeginsAgainAtTheInitialDelay) {
  Backoff backoff({}, 7);
  for (int i = 0; i < 10; ++i) backoff.Next();
  backoff.Reset();
  EXPECT_LE(backoff.Next(), absl::Milliseconds(121));
}

TEST(BackoffTest, ClientsOfOtherSeedsWaitOtherTimes) {
  EXPECT_NE(Backoff({}, 1).Next(), Backoff({}, 2).Next());
}

TEST(BackoffTest, OptionsThatCannotBeAreRefused) {
  EXPECT_TRUE(BackoffOptions{}.Validate().ok());
  const BackoffOptions cases[] = {
      {.initial = absl::ZeroDuration()},
      {.initial = absl::Seconds(6)},
      {.max = absl::InfiniteDuration()},
      {.multiplier = 0.9},
      {.multiplier = std::numeric_limits<double>::quiet_NaN()},
  };
  for (const BackoffOptions& options : cases) {
    EXPECT_EQ(options.Validate().code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace distill
