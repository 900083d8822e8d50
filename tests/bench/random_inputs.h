// Makes random inputs for a model, for programs that measure speed only. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/contract/input_batch.h"
#include "common/contract/input_spec.h"

namespace distill {

struct RandomInputsOptions {
  int64_t samples = 1;
  int64_t length = 0;  // of every variable dimension; 0: there must be none
  uint64_t seed = 0;
};

// Returns one tensor [samples, …] per input, as a function of the options: bytes for uint8, tokens
// in [0, 100) for other integers, floating point in [0, 1]. INVALID_ARGUMENT names an input of
// variable length if no length is given.
absl::StatusOr<std::vector<InputBatch>> RandomInputs(absl::Span<const InputSpec> specs,
                                                     const RandomInputsOptions& options);

}  // namespace distill
