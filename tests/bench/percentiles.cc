#include "tests/bench/percentiles.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace distill {

double Percentile(absl::Span<const double> sorted, double percent) {
  if (sorted.empty()) return 0;
  const double rank = std::ceil(percent / 100 * static_cast<double>(sorted.size()));
  const auto last = static_cast<int64_t>(sorted.size()) - 1;
  return sorted[std::clamp<int64_t>(static_cast<int64_t>(rank) - 1, 0, last)];
}

DurationSummary Summarize(absl::Span<const absl::Duration> durations) {
  std::vector<double> ms;
  ms.reserve(durations.size());
  for (const absl::Duration duration : durations)
    ms.push_back(absl::ToDoubleMilliseconds(duration));
  std::sort(ms.begin(), ms.end());
  return {.count = static_cast<int64_t>(ms.size()),
          .p50 = Percentile(ms, 50),
          .p95 = Percentile(ms, 95),
          .p99 = Percentile(ms, 99),
          .max = Percentile(ms, 100)};
}

}  // namespace distill
