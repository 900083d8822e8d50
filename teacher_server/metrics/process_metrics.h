// ProcessMetrics: the metrics of the process that Prometheus expects of every program, under their
// usual names. Only metrics.cc includes this.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <vector>

namespace distill {

// Reads /proc at every scrape. Thread-safe.
class ProcessMetrics : public prometheus::Collectable {
 public:
  // process_resident_memory_bytes, process_start_time_seconds; what cannot be read is left out.
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace distill
