// Converts dense soft targets: logits → wire form → logits. The functions are pure.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"
#include "common/contract/target_spec.h"

namespace distill {

// Encodes as EncodeTargets does. kDenseF16 and kDenseBF16 hold logit - row maximum in the narrow
// type (≤ 0; values below the lowest finite value are clamped to it, which does not change a
// softmax), and the maximum as float32. Nothing overflows, and the error of a logit is at most ε =
// 2^-11 or 2^-8 times its distance d to the maximum; the KL divergence of the decoded distribution
// from the exact one is at most ε² · E[(d/T)²].
EncodedTargets EncodeDense(const TargetSpec& spec, const at::Tensor& logits);

// Encodes rows of an output that is not logits: in the type of the encoding, as they are.
EncodedTargets EncodeVectors(const TargetSpec& spec, const at::Tensor& values);

// Decodes as DecodeTargets does, to float32 [rows, width].
at::Tensor DecodeVectors(absl::Span<const EncodedTargets> answers);

// Decodes as DecodeTargets does, to float32 [rows, classes].
at::Tensor DecodeDense(absl::Span<const EncodedTargets> answers);

}  // namespace distill
