// What the decoders of the formats hand to DecodeImage.
#pragma once

#include <cstdint>
#include <vector>

#include "student_trainer/views/image.h"

namespace distill {

// What the first bytes of a file tell.
struct RasterHeader {
  ImageSize size;       // as stored
  int orientation = 1;  // EXIF's, 1 to 8
};

// uint8 [height, width, channels] as stored: grey, or red, green and blue.
struct Raster {
  ImageSize size;
  int channels = 0;  // 1 or 3
  std::vector<uint8_t> pixels;
};

}  // namespace distill
