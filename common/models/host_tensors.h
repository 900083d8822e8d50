// Between HostTensor and at::Tensor.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"

namespace distill {

at::ScalarType ToTorch(DType dtype);

// A CPU tensor with memory of its own, copied once. The tensor must be valid.
at::Tensor ToTorch(const HostTensor& tensor);

// Several tensors of equal dtype and equal shape behind the first dimension, as one batch: one
// copy.
at::Tensor ConcatenateToTorch(absl::Span<const HostTensor* const> tensors);

// Shares the memory of a contiguous CPU tensor, which must not be written to as long as the result
// lives; copies any other once. The element type must be one of DType's (else Torch throws).
HostTensor FromTorch(const at::Tensor& tensor);

}  // namespace distill
