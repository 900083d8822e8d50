#include "tests/bench/percentiles.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace distill {
namespace {

TEST(PercentileTest, IsTheNearestRank) {
  std::vector<double> hundred(100);
  std::iota(hundred.begin(), hundred.end(), 1);
  EXPECT_EQ(Percentile(hundred, 50), 50);
  EXPECT_EQ(Percentile(hundred, 99), 99);
  EXPECT_EQ(Percentile(hundred, 99.1), 100);
  EXPECT_EQ(Percentile(hundred, 100), 100);
  EXPECT_EQ(Percentile({1, 2, 3}, 50), 2);
  EXPECT_EQ(Percentile({1, 2, 3}, 0.1), 1);
}

TEST(PercentileTest, OfNothingIsZero) { EXPECT_EQ(Percentile({}, 99), 0); }

TEST(SummarizeTest, SortsAndGivesMilliseconds) {
  const DurationSummary ms =
      Summarize({absl::Seconds(3), absl::Milliseconds(1), absl::Milliseconds(2)});
  EXPECT_EQ(ms.count, 3);
  EXPECT_EQ(ms.p50, 2);
  EXPECT_EQ(ms.p99, 3000);
  EXPECT_EQ(ms.max, 3000);
}

}  // namespace
}  // namespace distill
