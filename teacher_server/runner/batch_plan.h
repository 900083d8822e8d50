// The few batch sizes that a model runs at, and how a batch is cut and padded to them. Pure.
//
// A model that only ever sees sizes it was warmed up with never stalls to compile or tune itself.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace distill {

// The powers of two below `max_samples`, and `max_samples`; ascending. max_samples ≥ 1.
std::vector<int64_t> BatchSizes(int64_t max_samples);

// The sizes to run one after the other for so many samples, each one of `sizes` (ascending, the
// first is 1). They sum up to `samples` or more; only the last run may be padded, and at most a
// quarter of it is padding. samples ≥ 1.
std::vector<int64_t> PlanBatch(int64_t samples, absl::Span<const int64_t> sizes);

}  // namespace distill
