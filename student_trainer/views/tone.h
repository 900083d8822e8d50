// Operations that map each level of brightness to another one, in place. Images are uint8
// [channels, height, width]; with three channels they are colour images. The definitions are those
// of torchvision for PIL images.
#pragma once

#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// Blends with black. 0 ≤ factor ≤ 100; 1 is the identity.
void AdjustBrightness(double factor, absl::Span<uint8_t> image);

// Blends with the mean grey level of the image. 0 ≤ factor ≤ 100; 1 is the identity.
void AdjustContrast(double factor, const Shape& shape, absl::Span<uint8_t> image);

// Keeps the `bits` highest bits of each pixel, 0 … 8.
void Posterize(int bits, absl::Span<uint8_t> image);

// Inverts the pixels from `threshold` up.
void Solarize(double threshold, absl::Span<uint8_t> image);

// Stretches each channel to 0 … 255.
void AutoContrast(const Shape& shape, absl::Span<uint8_t> image);

// Makes the levels of each channel as equally frequent as possible.
void Equalize(const Shape& shape, absl::Span<uint8_t> image);

}  // namespace distill
