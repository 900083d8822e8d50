// FitImages is the `fit` of families for images.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// Adds "channels" and "classes" to the arguments. Returns INVALID_ARGUMENT unless `input_shape` is
// [channels, height, width].
absl::Status FitImages(const Shape& input_shape, int64_t classes, nlohmann::json& arguments);

}  // namespace distill
