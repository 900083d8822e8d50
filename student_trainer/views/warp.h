// Shearing, moving and turning an image, in place, by nearest neighbour; zeros come in. Images are
// uint8 [channels, height, width]. The definitions are torchvision's affine and rotate.
#pragma once

#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// Where the output's point (x, y) lies in the input: (xx·x + xy·y + x0, yx·x + yy·y + y0). The
// corner of the image is (0, 0), the centre of its first pixel (0.5, 0.5).
struct Warp {
  double xx = 1, xy = 0, x0 = 0;
  double yx = 0, yy = 1, y0 = 0;
};

// Rows move left by `slope` times their distance from the top.
Warp ShearX(double slope);
// Columns move up by `slope` times their distance from the left.
Warp ShearY(double slope);
// Moves the content right and down.
Warp Translate(double right, double down);
// Counter-clockwise, about the centre.
Warp Rotate(double degrees, const Shape& shape);

void WarpImage(const Warp& warp, const Shape& shape, absl::Span<uint8_t> image);

}  // namespace distill
