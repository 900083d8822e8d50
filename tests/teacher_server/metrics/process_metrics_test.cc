#include "teacher_server/metrics/process_metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace distill {
namespace {

std::map<std::string, double> Gauges() {
  std::map<std::string, double> gauges;
  for (const prometheus::MetricFamily& family : ProcessMetrics().Collect()) {
    EXPECT_EQ(family.type, prometheus::MetricType::Gauge) << family.name;
    gauges[family.name] = family.metric.at(0).gauge.value;
  }
  return gauges;
}

TEST(ProcessMetricsTest, ResidentMemoryGrowsWithWhatIsWritten) {
  constexpr size_t kBytes = size_t{64} << 20;
  const double before = Gauges().at("process_resident_memory_bytes");
  EXPECT_GT(before, 1 << 20);
  const std::vector<char> memory(kBytes, 1);
  const double after = Gauges().at("process_resident_memory_bytes");
  EXPECT_GT(after - before, 0.5 * kBytes) << memory.back();
}

TEST(ProcessMetricsTest, TheStartIsInUnixSecondsAndStays) {
  const double start = Gauges().at("process_start_time_seconds");
  EXPECT_NEAR(start, absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()), 3600);
  EXPECT_EQ(Gauges().at("process_start_time_seconds"), start);
}

}  // namespace
}  // namespace distill
