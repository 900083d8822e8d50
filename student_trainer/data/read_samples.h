// Reads unaugmented samples, for evaluation and the parity probe.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/contract/input_batch.h"
#include "student_trainer/data/corrupt_samples.h"
#include "student_trainer/data/dataset.h"

namespace distill {

struct ReadSamplesResult {
  std::vector<int64_t> ids;        // those that could be read, in the requested order
  std::vector<InputBatch> inputs;  // of these samples, unaugmented; one per input
};

// Returns the errors that CorruptSamples passes on.
absl::StatusOr<ReadSamplesResult> ReadSamples(const Dataset& dataset,
                                              absl::Span<const int64_t> samples,
                                              CorruptSamples& corrupt);

}  // namespace distill
