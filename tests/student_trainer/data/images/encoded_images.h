// Makes JPEG and PNG files of known pixels, with the encoders of the same libraries.
#pragma once

#include <spng.h>
#include <turbojpeg.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/student_trainer/testing/test_files.h"

namespace distill {

// [height, width, channels]: what the encoders take.
struct Pixels {
  int height = 0;
  int width = 0;
  int channels = 0;
  std::vector<uint8_t> bytes;
};

// Returns pixels that all differ.
inline Pixels Gradient(int height, int width, int channels) {
  Pixels pixels{height, width, channels, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        pixels.bytes.push_back(static_cast<uint8_t>(10 + 40 * c + 7 * y + 3 * x));
      }
    }
  }
  return pixels;
}

inline absl::Span<const uint8_t> AsSpan(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

// 1, 3 or 4 (CMYK, as stored) channels. Quality 100 without subsampling: within 2 of the pixels.
inline std::string Jpeg(const Pixels& pixels, int flags = 0) {
  const int format = pixels.channels == 1 ? TJPF_GRAY : pixels.channels == 3 ? TJPF_RGB : TJPF_CMYK;
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  const tjhandle handle = tjInitCompress();
  EXPECT_EQ(
      tjCompress2(handle, pixels.bytes.data(), pixels.width, 0, pixels.height, format, &buffer,
                  &size, pixels.channels == 1 ? TJSAMP_GRAY : TJSAMP_444, 100, flags),
      0)
      << tjGetErrorStr2(handle);
  const std::string jpeg(reinterpret_cast<const char*>(buffer), size);
  tjFree(buffer);
  tjDestroy(handle);
  return jpeg;
}

// A TIFF structure that holds Orientation alone, big-endian as most cameras write it.
inline std::string TiffWithOrientation(int orientation) {
  std::string tiff("MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", 19);
  tiff.push_back(static_cast<char>(orientation));
  tiff.append(6, '\0');  // the rest of the value, and no further directory
  return tiff;
}

// Inserts a segment APP1 with the orientation after the start of image.
inline std::string WithOrientation(const std::string& jpeg, int orientation) {
  const std::string exif = std::string("Exif\0\0", 6) + TiffWithOrientation(orientation);
  const size_t length = exif.size() + 2;
  std::string segment = "\xff\xe1";
  segment.push_back(static_cast<char>(length >> 8));
  segment.push_back(static_cast<char>(length));
  return jpeg.substr(0, 2) + segment + exif + jpeg.substr(2);
}

struct PngOptions {
  uint8_t color_type = SPNG_COLOR_TYPE_TRUECOLOR;
  uint8_t bit_depth = 8;
  bool interlaced = false;
  std::vector<spng_plte_entry> palette;
  int orientation = 0;  // 0: no eXIf chunk
};

// `rows`: the pixels as PNG stores them, without filters; 16 bits in the machine's order.
inline std::string Png(uint32_t width, uint32_t height, const std::string& rows,
                       const PngOptions& options = {}) {
  spng_ctx* const context = spng_ctx_new(SPNG_CTX_ENCODER);
  spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1);
  spng_ihdr header = {width,
                      height,
                      options.bit_depth,
                      options.color_type,
                      0,
                      0,
                      static_cast<uint8_t>(options.interlaced ? 1 : 0)};
  EXPECT_EQ(spng_set_ihdr(context, &header), 0);
  if (!options.palette.empty()) {
    spng_plte palette = {};
    palette.n_entries = static_cast<uint32_t>(options.palette.size());
    std::copy(options.palette.begin(), options.palette.end(), palette.entries);
    EXPECT_EQ(spng_set_plte(context, &palette), 0);
  }
  std::string tiff = TiffWithOrientation(options.orientation);
  spng_exif exif = {tiff.size(), tiff.data()};
  if (options.orientation != 0) {
    EXPECT_EQ(spng_set_exif(context, &exif), 0);
  }
  EXPECT_EQ(
      spng_encode_image(context, rows.data(), rows.size(), SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE), 0);
  int error = 0;
  size_t size = 0;
  void* const buffer = spng_get_png_buffer(context, &size, &error);
  EXPECT_EQ(error, 0);
  const std::string png(static_cast<const char*>(buffer), size);
  std::free(buffer);
  spng_ctx_free(context);
  return png;
}

// Grey or RGB of 8 bits.
inline std::string Png(const Pixels& pixels, PngOptions options = {}) {
  if (pixels.channels == 1) options.color_type = SPNG_COLOR_TYPE_GRAYSCALE;
  return Png(static_cast<uint32_t>(pixels.width), static_cast<uint32_t>(pixels.height),
             std::string(pixels.bytes.begin(), pixels.bytes.end()), options);
}

inline std::string PngChunkOf(const std::string& name, const std::string& content) {
  const std::string summed = name + content;
  const auto* const bytes = reinterpret_cast<const Bytef*>(summed.data());
  return BigEndian32(static_cast<uint32_t>(content.size())) + summed +
         BigEndian32(static_cast<uint32_t>(crc32(0, bytes, static_cast<uInt>(summed.size()))));
}

// Inserts `more` before the first chunk of that name.
inline std::string WithBefore(const std::string& name, std::string png, const std::string& more) {
  return png.insert(png.find(name) - 4, more);
}

}  // namespace distill
