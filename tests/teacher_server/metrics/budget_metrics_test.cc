#include "teacher_server/metrics/budget_metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "teacher_server/metrics/metrics.h"
#include "tests/teacher_server/metrics/metric_samples.h"

namespace distill {
namespace {

using ::distill::testing::Samples;

TEST(BudgetMetricsTest, ShowsWhatTheBudgetHoldsAtTheScrape) {
  const auto budget = std::make_shared<Budget>(
      BudgetLimits{.bytes = 1 << 20, .samples = 100, .stream_bytes = 1000, .max_streams = 2});
  Metrics metrics({});
  metrics.Watch(budget);
  Budget::Share first(budget);
  first.Hold(/*samples=*/10, /*bytes=*/5000);
  {
    Budget::Share second(budget);
    second.Hold(/*samples=*/1, /*bytes=*/20);
    // Room for a message that has not come is not in flight.
    ASSERT_TRUE(second.TryRead([] {}));
    const std::map<std::string, double> samples = Samples(metrics);
    EXPECT_EQ(samples.at("distill_in_flight_samples"), 11);
    EXPECT_EQ(samples.at("distill_in_flight_bytes"), 5020);
  }
  first.Hold(/*samples=*/4, /*bytes=*/30);
  const std::map<std::string, double> samples = Samples(metrics);
  EXPECT_EQ(samples.at("distill_in_flight_samples"), 4);
  EXPECT_EQ(samples.at("distill_in_flight_bytes"), 30);
  EXPECT_EQ(samples.at("distill_byte_limit"), 1 << 20);
}

}  // namespace
}  // namespace distill
