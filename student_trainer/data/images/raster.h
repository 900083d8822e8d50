// The types that the decoders of the formats pass to DecodeImage.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "student_trainer/views/image.h"

namespace distill {

// The properties that the first bytes of a file give.
struct RasterHeader {
  ImageSize size;       // as stored
  int orientation = 1;  // EXIF's, 1 to 8
};

// uint8 [height, width, channels] as stored: grey, or red, green and blue.
struct Raster {
  ImageSize size;
  int channels = 0;  // 1 or 3
  std::vector<uint8_t> pixels;
  std::string remark;  // what the decoder warns of though the pixels are whole; empty without
};

}  // namespace distill
