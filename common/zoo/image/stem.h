// Stem is the first part of a network for images. Published stems were made for 224x224; on small
// images their first layers would leave almost no pixels.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "common/tensor/host_tensor.h"
#include "common/zoo/arguments.h"

namespace distill {

enum class Stem {
  kImageNet,  // as published
  kSmall,     // keeps the size of the image, for 28x28, 32x32 and similar
};

// Reads the argument "stem": "imagenet" (the default) or "small".
Stem ReadStem(Arguments& arguments);

// Does what FitImages does, and sets "stem": small for images of up to 64x64.
absl::Status FitImagesAndStem(const Shape& input_shape, int64_t classes, nlohmann::json& arguments);

}  // namespace distill
