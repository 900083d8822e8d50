// Stem: how a network for images begins. Those of the literature were made for 224x224; on small
// images their first layers would leave nothing to look at.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "common/models/arguments.h"
#include "common/tensor/host_tensor.h"

namespace distill {

enum class Stem {
  kImageNet,  // as published
  kSmall,     // keeps the image's size, for 28x28, 32x32 and the like
};

// The argument "stem": "imagenet", also where it is absent, or "small".
Stem ReadStem(Arguments& arguments);

// FitImages, and "stem": small for images of up to 64x64.
absl::Status FitImagesAndStem(const Shape& input_shape, int64_t classes, nlohmann::json& arguments);

}  // namespace distill
