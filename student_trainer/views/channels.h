// Converts images between grey and RGB.
#pragma once

#include <cstdint>

#include "student_trainer/views/image.h"

namespace distill {

// ITU-R 601, rounded, as Pillow's convert("L"); of equal values it is that value.
constexpr uint8_t Luma(uint8_t red, uint8_t green, uint8_t blue) {
  return static_cast<uint8_t>((19595u * red + 38470u * green + 7471u * blue + 32768u) >> 16);
}

// Returns the image with `channels`, which is 1 or 3, as has the image itself: grey is repeated
// into RGB, RGB becomes its Luma.
Image WithChannels(Image image, int64_t channels);

}  // namespace distill
