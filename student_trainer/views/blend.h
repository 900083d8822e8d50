// Pixel arithmetic that the colour operations share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace distill {

// Computes factor·value + (1 - factor)·base, clamped to 0 … 255 and rounded down, as torchvision
// does. It uses fixed point, to 1/65536 of the factor, so the result is the same on every machine.
// 0 ≤ factor ≤ 100.
class Blend {
 public:
  explicit Blend(double factor) : factor_(static_cast<int32_t>(std::lround(factor * 65536))) {}

  uint8_t operator()(int32_t value, int32_t base) const {
    const int32_t blended = base + ((factor_ * (value - base)) >> 16);
    return static_cast<uint8_t>(std::clamp(blended, 0, 255));
  }

 private:
  const int32_t factor_;
};

// Returns the brightness of a colour (ITU-R 601-2), rounded as in PIL.
inline int32_t GreyLevel(int32_t red, int32_t green, int32_t blue) {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

}  // namespace distill
