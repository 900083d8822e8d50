// The normalisation of a model directory, applied to inputs in the data's own type.
#pragma once

#include <ATen/core/Tensor.h>

#include "common/model_directory/model_directory.h"

namespace distill {

// Returns (input / scale - mean) / std as float32, on the device of the input. `input`: [n,
// channels, …]. Integers other than uint8 (tokens) are returned unchanged.
at::Tensor Normalize(const at::Tensor& input, const Normalization& normalization);

}  // namespace distill
