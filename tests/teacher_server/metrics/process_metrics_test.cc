#include "teacher_server/metrics/process_metrics.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <map>
#include <string>

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

TEST(ProcessMetricsTest, ResidentMemoryIsWhatWasWrittenAndNotWhatIsReserved) {
  constexpr size_t kReserved = size_t{1} << 30;
  constexpr size_t kWritten = size_t{64} << 20;
  void* memory = ::mmap(nullptr, kReserved, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  const double before = Gauges().at("process_resident_memory_bytes");
  EXPECT_GT(before, 1 << 20);
  EXPECT_LT(before, kReserved);
  std::memset(memory, 1, kWritten);
  EXPECT_GT(Gauges().at("process_resident_memory_bytes"), before + 0.5 * kWritten);
  ::munmap(memory, kReserved);
}

TEST(ProcessMetricsTest, TheStartIsInUnixSecondsAndStays) {
  const double start = Gauges().at("process_start_time_seconds");
  EXPECT_NEAR(start, absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()), 3600);
  EXPECT_EQ(Gauges().at("process_start_time_seconds"), start);
}

}  // namespace
}  // namespace distill
