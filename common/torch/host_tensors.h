// Converts between HostTensor and at::Tensor.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"

namespace distill {

at::ScalarType ToTorch(DType dtype);

// Copies the tensor once into a CPU tensor that owns its memory. The tensor must be valid.
at::Tensor ToTorch(const HostTensor& tensor);

// Joins tensors of equal dtype and equal shape after the first dimension into one batch, with one
// copy.
at::Tensor ConcatenateToTorch(absl::Span<const HostTensor* const> tensors);

// Shares the memory of a contiguous CPU tensor, which must not be written to while the result
// exists; copies any other tensor once. The element type must be one of DType (otherwise Torch
// throws).
HostTensor FromTorch(const at::Tensor& tensor);

}  // namespace distill
