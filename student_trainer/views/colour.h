// Operations on the colours of an image, in place. Images are uint8 [channels, height, width];
// images without three channels are unchanged. The definitions are those of torchvision.
#pragma once

#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// Blends each pixel with its grey level. 0 ≤ factor ≤ 100; 1 is the identity.
void AdjustSaturation(double factor, const Shape& shape, absl::Span<uint8_t> image);

// Turns the hue (of HSV) by a part of the colour wheel, -0.5 … 0.5. It computes in floats and
// rounds to the nearest, whereas torchvision rounds tensors down and PIL has 256 hues.
void AdjustHue(double turn, const Shape& shape, absl::Span<uint8_t> image);

}  // namespace distill
