#include "student_trainer/views/warp.h"

#include <cmath>
#include <vector>

namespace distill {

Warp ShearX(double slope) { return {.xy = slope}; }

Warp ShearY(double slope) { return {.yx = slope}; }

Warp Translate(double right, double down) { return {.x0 = -right, .y0 = -down}; }

Warp Rotate(double degrees, const Shape& shape) {
  constexpr double kPi = 3.14159265358979323846;
  const double cosine = std::cos(degrees * kPi / 180), sine = std::sin(degrees * kPi / 180);
  const double x = 0.5 * static_cast<double>(shape[2]), y = 0.5 * static_cast<double>(shape[1]);
  return {.xx = cosine,
          .xy = -sine,
          .x0 = x - cosine * x + sine * y,
          .yx = sine,
          .yy = cosine,
          .y0 = y - sine * x - cosine * y};
}

void WarpImage(const Warp& warp, const Shape& shape, absl::Span<uint8_t> image) {
  const int64_t channels = shape[0], height = shape[1], width = shape[2];
  const int64_t plane = height * width;
  const std::vector<uint8_t> source(image.begin(), image.end());
  for (int64_t row = 0; row < height; ++row) {
    const double y = static_cast<double>(row) + 0.5;
    for (int64_t column = 0; column < width; ++column) {
      const double x = static_cast<double>(column) + 0.5;
      const double from_x = std::floor(warp.xx * x + warp.xy * y + warp.x0);
      const double from_y = std::floor(warp.yx * x + warp.yy * y + warp.y0);
      const bool inside = from_x >= 0 && from_x < static_cast<double>(width) && from_y >= 0 &&
                          from_y < static_cast<double>(height);
      const int64_t from =
          inside ? static_cast<int64_t>(from_y) * width + static_cast<int64_t>(from_x) : 0;
      for (int64_t c = 0; c < channels; ++c) {
        image[static_cast<size_t>(c * plane + row * width + column)] =
            inside ? source[static_cast<size_t>(c * plane + from)] : uint8_t{0};
      }
    }
  }
}

}  // namespace distill
