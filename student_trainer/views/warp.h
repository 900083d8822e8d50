// Shears, moves and turns an image in place, by nearest neighbour; new pixels are zeros. Images are
// uint8 [channels, height, width]. The definitions are those of affine and rotate in torchvision.
#pragma once

#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// Maps the point (x, y) of the output to the point (xx·x + xy·y + x0, yx·x + yy·y + y0) of the
// input. The corner of the image is (0, 0), the centre of its first pixel (0.5, 0.5).
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
// Turns the image counter-clockwise about its centre.
Warp Rotate(double degrees, const Shape& shape);

void WarpImage(const Warp& warp, const Shape& shape, absl::Span<uint8_t> image);

}  // namespace distill
