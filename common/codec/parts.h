// Converts between the parts of encoded targets and tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"
#include "common/contract/target_spec.h"

namespace distill {

// Returns part `part` of all answers as consecutive rows, with one copy.
at::Tensor PartToTorch(absl::Span<const EncodedTargets> answers, size_t part);

// Packs values, int64 [rows, n] in [0, 2^bits) on the CPU, into `packed`, uint8 [rows, bytes],
// contiguous, in the form of bit_packing.h.
void Pack(const at::Tensor& values, int bits, const at::Tensor& packed);

// Is the inverse of Pack. Returns int64 [rows, n].
at::Tensor Unpack(const at::Tensor& packed, int64_t n, int bits);

}  // namespace distill
