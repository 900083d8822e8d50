#include "student_trainer/views/shift_flip.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace distill {
namespace {

void ShiftRow(int64_t right, int64_t width, const uint8_t* source, uint8_t* row) {
  const int64_t kept = width - std::abs(right);
  if (kept <= 0) {
    std::memset(row, 0, static_cast<size_t>(width));
    return;
  }
  const int64_t from = std::max<int64_t>(0, -right);
  const int64_t to = std::max<int64_t>(0, right);
  std::memmove(row + to, source + from, static_cast<size_t>(kept));
  std::memset(right > 0 ? row : row + kept, 0, static_cast<size_t>(width - kept));
}

}  // namespace

void ShiftImage(int64_t down, int64_t right, const Shape& shape, absl::Span<uint8_t> image) {
  const int64_t channels = shape[0], height = shape[1], width = shape[2];
  for (int64_t channel = 0; channel < channels; ++channel) {
    uint8_t* const plane = image.data() + channel * height * width;
    for (int64_t i = 0; i < height; ++i) {
      // Reads every source row before it is overwritten.
      const int64_t y = down > 0 ? height - 1 - i : i;
      const int64_t source = y - down;
      uint8_t* const row = plane + y * width;
      if (source < 0 || source >= height) {
        std::memset(row, 0, static_cast<size_t>(width));
      } else {
        ShiftRow(right, width, plane + source * width, row);
      }
    }
  }
}

void FlipImage(const Shape& shape, absl::Span<uint8_t> image) {
  const int64_t rows = shape[0] * shape[1], width = shape[2];
  for (int64_t row = 0; row < rows; ++row) {
    uint8_t* const begin = image.data() + row * width;
    std::reverse(begin, begin + width);
  }
}

}  // namespace distill
