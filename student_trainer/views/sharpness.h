// Sharpens and blurs an image in place.
#pragma once

#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// Blends a uint8 image [channels, height, width] with its smoothed version, which weights 3×3
// pixels by 1 and the middle by 5. The border is unchanged, and so is an image with a side under 3.
// 0 ≤ factor ≤ 100; 1 is the identity (torchvision's adjust_sharpness).
void AdjustSharpness(double factor, const Shape& shape, absl::Span<uint8_t> image);

}  // namespace distill
