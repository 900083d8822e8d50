#include "student_trainer/views/colour.h"

#include <algorithm>
#include <cstdint>

#include "student_trainer/views/blend.h"

namespace distill {
namespace {

struct Colour {
  uint8_t red, green, blue;
};

// Returns the hue in sixths of the colour wheel, from 0 at red; below 6. The colour must not be
// grey: `range`, its largest component minus its smallest, is not 0.
float Hue(const Colour& colour, int most, int range) {
  const int red = colour.red, green = colour.green, blue = colour.blue;
  const auto width = static_cast<float>(range);
  if (red == most) {
    const float hue = static_cast<float>(green - blue) / width;
    return hue < 0 ? hue + 6 : hue;
  }
  if (green == most) return static_cast<float>(blue - red) / width + 2;
  return static_cast<float>(red - green) / width + 4;
}

// Returns the colour of this hue whose largest and smallest components are `most` and most - range.
Colour WithHue(float hue, int most, int range) {
  const int sector = static_cast<int>(hue);
  const float past = hue - static_cast<float>(sector);
  const auto high = static_cast<uint8_t>(most), low = static_cast<uint8_t>(most - range);
  const float distance = static_cast<float>(range) * (sector % 2 == 0 ? 1 - past : past);
  const auto middle = static_cast<uint8_t>(static_cast<float>(most) - distance + 0.5F);
  switch (sector) {
    case 0:
      return {high, middle, low};
    case 1:
      return {middle, high, low};
    case 2:
      return {low, high, middle};
    case 3:
      return {low, middle, high};
    case 4:
      return {middle, low, high};
    default:
      return {high, low, middle};
  }
}

}  // namespace

void AdjustSaturation(double factor, const Shape& shape, absl::Span<uint8_t> image) {
  if (shape[0] != 3) return;
  const Blend blend(factor);
  const int64_t plane = shape[1] * shape[2];
  uint8_t* const red = image.data();
  uint8_t* const green = red + plane;
  uint8_t* const blue = green + plane;
  for (int64_t i = 0; i < plane; ++i) {
    const int32_t grey = GreyLevel(red[i], green[i], blue[i]);
    red[i] = blend(red[i], grey);
    green[i] = blend(green[i], grey);
    blue[i] = blend(blue[i], grey);
  }
}

void AdjustHue(double turn, const Shape& shape, absl::Span<uint8_t> image) {
  if (shape[0] != 3) return;
  const auto sixths = static_cast<float>(6 * (turn < 0 ? turn + 1 : turn));
  const int64_t plane = shape[1] * shape[2];
  uint8_t* const red = image.data();
  uint8_t* const green = red + plane;
  uint8_t* const blue = green + plane;
  for (int64_t i = 0; i < plane; ++i) {
    const Colour before = {red[i], green[i], blue[i]};
    const int most = std::max({before.red, before.green, before.blue});
    const int range = most - std::min({before.red, before.green, before.blue});
    if (range == 0) continue;  // grey
    float hue = Hue(before, most, range) + sixths;
    if (hue >= 6) hue -= 6;
    const Colour after = WithHue(hue, most, range);
    red[i] = after.red;
    green[i] = after.green;
    blue[i] = after.blue;
  }
}

}  // namespace distill
