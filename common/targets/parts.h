// Between the parts of encoded targets and tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"
#include "common/tensor/target_spec.h"

namespace distill {

// Part `part` of all answers, their rows one after the other: one copy.
at::Tensor PartToTorch(absl::Span<const EncodedTargets> answers, size_t part);

// values: int64 [rows, n] in [0, 2^bits), on the CPU → `packed`, uint8 [rows, bytes], contiguous,
// as bit_packing.h does.
void Pack(const at::Tensor& values, int bits, const at::Tensor& packed);

// The inverse: int64 [rows, n].
at::Tensor Unpack(const at::Tensor& packed, int64_t n, int bits);

}  // namespace distill
