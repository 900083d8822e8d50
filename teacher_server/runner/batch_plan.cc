#include "teacher_server/runner/batch_plan.h"

#include <algorithm>
#include <iterator>

namespace distill {

std::vector<int64_t> BatchSizes(int64_t max_samples) {
  std::vector<int64_t> sizes;
  for (int64_t size = 1; size < max_samples; size *= 2) sizes.push_back(size);
  sizes.push_back(max_samples);
  return sizes;
}

std::vector<int64_t> PlanBatch(int64_t samples, absl::Span<const int64_t> sizes) {
  std::vector<int64_t> plan;
  while (samples > 0) {
    // The smallest size that holds what is left, where padding it is cheap; else the next smaller.
    auto size = std::lower_bound(sizes.begin(), sizes.end(), samples);
    const bool too_large = size == sizes.end() || *size - samples > *size / 4;
    if (too_large) size = std::prev(size);
    plan.push_back(*size);
    samples -= *size;
  }
  return plan;
}

}  // namespace distill
