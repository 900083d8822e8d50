// Soft targets: a teacher's logits → the form in which they travel → what a loss takes. Pure
// functions of their arguments, computed on the logits' device.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "absl/types/span.h"
#include "common/targets/decoded.h"
#include "common/tensor/target_spec.h"

namespace distill {

struct EncodeOptions {
  double temperature = 1;  // finite, > 0; dense encodings do not look at it
  // Draw j of row r is a function of (seed, r, j), and of the row's distribution.
  uint64_t seed = 0;
};

// logits: float32 [rows, classes], finite; the spec must be valid for the classes. The result is in
// host memory and keeps it alive; for kDenseF32 it shares that of logits which lie alone in host
// memory, so do not write to them afterwards.
EncodedTargets EncodeTargets(const TargetSpec& spec, const at::Tensor& logits,
                             const EncodeOptions& options);

// Answers that belong together, one or more, of one spec and as many classes: their rows one after
// the other, on the CPU, in memory of their own. They must have passed Validate and ValidateValues.
DecodedTargets DecodeTargets(absl::Span<const EncodedTargets> answers);
DecodedTargets DecodeTargets(const EncodedTargets& answer);

}  // namespace distill
