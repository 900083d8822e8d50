#include "teacher_server/metrics/process_metrics.h"

#include <unistd.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "teacher_server/metrics/metric_families.h"

namespace distill {
namespace {

std::optional<double> ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  if (!(statm >> total_pages >> resident_pages)) return std::nullopt;
  return resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// Seconds since 1970 at which the system was started.
std::optional<double> BootSeconds() {
  std::ifstream stat("/proc/stat");
  for (std::string key; stat >> key; stat.ignore(1 << 20, '\n')) {
    double seconds = 0;
    if (key == "btime" && stat >> seconds) return seconds;
  }
  return std::nullopt;
}

// Field 22 of /proc/self/stat is the start in clock ticks since boot. Field 2, the program's name
// in parentheses, may hold spaces.
std::optional<double> StartSeconds() {
  constexpr int kFieldsBetween = 19;
  const std::optional<double> boot = BootSeconds();
  std::ifstream stat("/proc/self/stat");
  std::string line;
  if (!boot.has_value() || !std::getline(stat, line)) return std::nullopt;
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < kFieldsBetween; ++i) fields >> skipped;
  double ticks = 0;
  if (!(fields >> ticks)) return std::nullopt;
  return *boot + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  if (const auto bytes = ResidentBytes()) {
    families.push_back(
        GaugeFamily("process_resident_memory_bytes", "Resident memory size in bytes.", *bytes));
  }
  if (const auto seconds = StartSeconds()) {
    families.push_back(GaugeFamily("process_start_time_seconds",
                                   "Start time of the process since unix epoch in seconds.",
                                   *seconds));
  }
  return families;
}

}  // namespace distill
