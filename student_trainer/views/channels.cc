#include "student_trainer/views/channels.h"

#include <cstddef>
#include <utility>

namespace distill {

Image WithChannels(Image image, int64_t channels) {
  if (image.channels == channels) return image;
  const auto plane = static_cast<size_t>(image.height * image.width);
  Image converted{channels, image.height, image.width, {}};
  if (channels == 3) {
    for (int i = 0; i < 3; ++i) {
      converted.pixels.insert(converted.pixels.end(), image.pixels.begin(), image.pixels.end());
    }
    return converted;
  }
  converted.pixels.resize(plane);
  const uint8_t* const red = image.pixels.data();
  for (size_t i = 0; i < plane; ++i) {
    converted.pixels[i] = Luma(red[i], red[plane + i], red[2 * plane + i]);
  }
  return converted;
}

}  // namespace distill
