// Converts soft targets from the logits of a teacher to the form in which they are sent, and from
// there to the form that a loss takes. The functions are pure and run on the device of the logits.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "absl/types/span.h"
#include "common/codec/decoded.h"
#include "common/contract/target_spec.h"

namespace distill {

// logits: float32 [rows, classes], finite; the spec must be valid for the classes. With a spec of
// another kind: float32 [rows, width], finite and within the range of the type that is sent. The
// result is in host memory and keeps it alive. With kDenseF32 it shares the memory of the logits if
// they are in host memory of their own, so do not write to them afterwards. Draws are those of rows
// `first_row`, `first_row` + 1, …, so that a few rows of many are encoded as among them.
EncodedTargets EncodeTargets(const TargetSpec& spec, const at::Tensor& logits,
                             const EncodeOptions& options, int64_t first_row = 0);

// Decodes one or more answers with the same spec and number of classes into consecutive rows, on
// the CPU, in new memory. The answers must have passed Validate and ValidateValues.
DecodedTargets DecodeTargets(absl::Span<const EncodedTargets> answers);
DecodedTargets DecodeTargets(const EncodedTargets& answer);

}  // namespace distill
