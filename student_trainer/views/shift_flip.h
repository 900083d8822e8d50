// Moves and mirrors an image in place. Images are uint8 [channels, height, width].
#pragma once

#include <cstdint>

#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// Moves the content `down` and `right` pixels (up and left if negative); new pixels are zeros.
void ShiftImage(int64_t down, int64_t right, const Shape& shape, absl::Span<uint8_t> image);

// Mirrors left-right.
void FlipImage(const Shape& shape, absl::Span<uint8_t> image);

}  // namespace distill
