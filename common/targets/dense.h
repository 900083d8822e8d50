// Dense soft targets: logits → wire form → logits. Pure functions of their arguments.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"
#include "common/tensor/target_spec.h"

namespace distill {

// As EncodeTargets. kDenseF16, kDenseBF16: logit - row maximum in the narrow type (≤ 0; what is
// below the least finite value is clamped there, where a softmax cannot tell), and the maximum as
// float32. So nothing overflows, and a logit is right to ε = 2^-11, 2^-8 of its distance d to the
// maximum; the KL of the distribution decoded to the exact one is at most ε² · E[(d/T)²].
EncodedTargets EncodeDense(const TargetSpec& spec, const at::Tensor& logits);

// As DecodeTargets: float32 [rows, classes].
at::Tensor DecodeDense(absl::Span<const EncodedTargets> answers);

}  // namespace distill
