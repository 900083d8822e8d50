// Reads single elements of tensors, without LibTorch.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/tensor/host_tensor.h"

namespace distill {

// Returns the value of a float16, given its bits.
float HalfToFloat(uint16_t bits);

// Returns element `index` of the row-major `data`, which need not be aligned. An int64 beyond 2^53
// is rounded.
double ElementAt(DType dtype, const uint8_t* data, size_t index);

}  // namespace distill
