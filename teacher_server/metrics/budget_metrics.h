// BudgetMetrics: what a server has in flight and its limit, read from the Budget at every scrape.
// Only metrics.cc includes this.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <memory>
#include <vector>

#include "common/base/mutex.h"
#include "teacher_server/admission/budget.h"

namespace distill {

// Thread-safe.
class BudgetMetrics : public prometheus::Collectable {
 public:
  // Until then every value is 0.
  void Watch(std::shared_ptr<const Budget> budget);

  // distill_in_flight_bytes, distill_in_flight_samples, distill_byte_limit.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const Budget> budget_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace distill
