// Dense soft targets: logits → wire form → logits. Pure functions of their arguments.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/tensor/target_spec.h"

namespace distill {

// spec: one of the dense ones; logits: float32 [rows, classes], finite, on any device. The result
// keeps its memory alive; it shares that of logits which lie alone in host memory, so do not write
// to them afterwards. kDenseF16: logit - row maximum as float16 (≤ 0; below -65504 it is clamped
// there, where a softmax cannot tell), and the maximum as float32.
EncodedTargets EncodeDense(const TargetSpec& spec, const at::Tensor& logits);

// float32 logits [rows, classes] on the CPU, in memory of their own. The targets must have passed
// Validate. INVALID_ARGUMENT if an element is NaN or infinite.
absl::StatusOr<at::Tensor> DecodeDense(const EncodedTargets& targets);

// The same for answers that belong together, one or more: their rows one after the other.
absl::StatusOr<at::Tensor> DecodeDense(absl::Span<const EncodedTargets> answers);

}  // namespace distill
