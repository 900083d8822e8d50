#include "student_trainer/views/sharpness.h"

#include <cstdint>
#include <vector>

#include "student_trainer/views/blend.h"

namespace distill {

void AdjustSharpness(double factor, const Shape& shape, absl::Span<uint8_t> image) {
  const int64_t channels = shape[0], height = shape[1], width = shape[2];
  if (height < 3 || width < 3) return;
  const Blend blend(factor);
  const std::vector<uint8_t> source(image.begin(), image.end());
  for (int64_t row = 0; row < channels * height; ++row) {
    const int64_t y = row % height;
    if (y == 0 || y == height - 1) continue;
    const uint8_t* const here = source.data() + row * width;
    const uint8_t* const above = here - width;
    const uint8_t* const below = here + width;
    uint8_t* const out = image.data() + row * width;
    for (int64_t x = 1; x < width - 1; ++x) {
      const int32_t sum = above[x - 1] + above[x] + above[x + 1] + here[x - 1] + 5 * here[x] +
                          here[x + 1] + below[x - 1] + below[x] + below[x + 1];
      out[x] = blend(here[x], (2 * sum + 13) / 26);  // sum / 13, rounded to the nearest
    }
  }
}

}  // namespace distill
