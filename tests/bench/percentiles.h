// Computes percentiles. Pure.
#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "absl/types/span.h"

namespace distill {

// The nearest-rank percentile: the smallest element that at least `percent` of a hundred elements
// are not above. `sorted`: ascending; 0 where it is empty. 0 < percent ≤ 100.
double Percentile(absl::Span<const double> sorted, double percent);

// Milliseconds.
struct DurationSummary {
  int64_t count = 0;
  double p50 = 0;
  double p95 = 0;
  double p99 = 0;
  double max = 0;
};

DurationSummary Summarize(absl::Span<const absl::Duration> durations);

}  // namespace distill
