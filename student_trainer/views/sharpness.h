// Sharpening and blurring, in place.
#pragma once

#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// Blends a uint8 image [channels, height, width] with its smoothed version, of 3×3 pixels weighted
// 1, in the middle 5; the border stays, and so does an image of a side under 3. 0 ≤ factor ≤ 100; 1
// is the identity (torchvision's adjust_sharpness).
void AdjustSharpness(double factor, const Shape& shape, absl::Span<uint8_t> image);

}  // namespace distill
