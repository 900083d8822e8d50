// Converts soft targets from the logits of a teacher to the form in which they are sent, and from
// there to the form that a loss takes. The functions are pure and run on the device of the logits.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "absl/types/span.h"
#include "common/codec/decoded.h"
#include "common/contract/target_spec.h"

namespace distill {

struct EncodeOptions {
  double temperature = 1;  // finite, > 0; dense encodings ignore it
  // Draw j of row r is a function of (seed, r, j) and of the distribution of the row.
  uint64_t seed = 0;
};

// logits: float32 [rows, classes], finite; the spec must be valid for the classes. The result is in
// host memory and keeps it alive. With kDenseF32 it shares the memory of the logits if they are in
// host memory of their own, so do not write to them afterwards.
EncodedTargets EncodeTargets(const TargetSpec& spec, const at::Tensor& logits,
                             const EncodeOptions& options);

// Decodes one or more answers with the same spec and number of classes into consecutive rows, on
// the CPU, in new memory. The answers must have passed Validate and ValidateValues.
DecodedTargets DecodeTargets(absl::Span<const EncodedTargets> answers);
DecodedTargets DecodeTargets(const EncodedTargets& answer);

}  // namespace distill
