#include "teacher_server/metrics/budget_metrics.h"

#include <utility>

#include "teacher_server/metrics/metric_families.h"

namespace distill {

void BudgetMetrics::Watch(std::shared_ptr<const Budget> budget) {
  MutexLock lock(mutex_);
  budget_ = std::move(budget);
}

std::vector<prometheus::MetricFamily> BudgetMetrics::Collect() const {
  MutexLock lock(mutex_);
  const Budget* budget = budget_.get();
  return {
      GaugeFamily("distill_in_flight_bytes", "Bytes of inputs and answers that all streams hold",
                  budget == nullptr ? 0 : budget->bytes()),
      GaugeFamily("distill_in_flight_samples",
                  "Samples received whose answers were not written yet",
                  budget == nullptr ? 0 : budget->samples()),
      GaugeFamily("distill_byte_limit", "Upper limit of distill_in_flight_bytes",
                  budget == nullptr ? 0 : budget->byte_limit())};
}

}  // namespace distill
