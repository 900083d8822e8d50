#include "student_trainer/data/images/decode_image.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/images/jpeg_decoder.h"
#include "student_trainer/data/images/png_decoder.h"
#include "student_trainer/data/images/raster.h"
#include "student_trainer/views/channels.h"

namespace distill {
namespace {

enum class Format { kJpeg, kPng };

absl::StatusOr<Format> FormatOf(absl::Span<const uint8_t> bytes) {
  if (IsJpeg(bytes)) return Format::kJpeg;
  if (IsPng(bytes)) return Format::kPng;
  if (bytes.empty()) return absl::DataLossError("the file: it is empty instead of a JPEG or a PNG");
  const absl::string_view first(reinterpret_cast<const char*>(bytes.data()),
                                std::min<size_t>(bytes.size(), 4));
  return absl::DataLossError(absl::StrCat("the format is not known: the file begins with 0x",
                                          absl::BytesToHexString(first),
                                          " instead of a JPEG (0xffd8ff) or a PNG (0x89504e47)"));
}

absl::StatusOr<RasterHeader> ReadAnyHeader(Format format, absl::Span<const uint8_t> bytes,
                                           int64_t max_pixels) {
  ASSIGN_OR_RETURN(const RasterHeader header,
                   format == Format::kJpeg ? ReadJpegHeader(bytes) : ReadPngHeader(bytes));
  const auto [height, width] = header.size;
  if (height > max_pixels / width) {
    return absl::DataLossError(absl::StrCat("the size of the image is ", width, " x ", height,
                                            "; must be ", Field("max_pixels"), ", ", max_pixels,
                                            ", at most"));
  }
  return header;
}

bool SwapsSides(int orientation) { return orientation >= 5; }

ImageSize UprightSize(const RasterHeader& header) {
  if (SwapsSides(header.orientation)) return {header.size.width, header.size.height};
  return header.size;
}

// Maps the pixel (y, x) of the upright image to the stored image: origin + y·down + x·right.
struct Walk {
  int64_t origin = 0;
  int64_t down = 0;
  int64_t right = 0;
};

Walk WalkOf(const RasterHeader& header) {
  const auto [height, width] = header.size;
  const int64_t last_row = (height - 1) * width, last_column = width - 1;
  switch (header.orientation) {
    case 2:  // mirrored left-right
      return {last_column, width, -1};
    case 3:  // upside down
      return {last_row + last_column, -width, -1};
    case 4:  // mirrored top-bottom
      return {last_row, -width, 1};
    case 5:  // rows and columns exchanged
      return {0, 1, width};
    case 6:  // must be turned clockwise
      return {last_row, 1, -width};
    case 7:  // exchanged along the other diagonal
      return {last_row + last_column, -1, -width};
    case 8:  // must be turned counter-clockwise
      return {last_column, -1, width};
    default:
      return {0, width, 1};
  }
}

Image UprightPlanes(const Raster& raster, const RasterHeader& header, int channels) {
  const auto [height, width] = UprightSize(header);
  const Walk walk = WalkOf(header);
  Image image{channels, height, width, {}};
  image.pixels.resize(static_cast<size_t>(channels * height * width));
  uint8_t* out = image.pixels.data();
  for (int channel = 0; channel < channels; ++channel) {
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        const int64_t pixel = walk.origin + y * walk.down + x * walk.right;
        const uint8_t* const stored = raster.pixels.data() + pixel * raster.channels;
        if (raster.channels == 1) {
          *out++ = stored[0];
        } else {
          *out++ = channels == 1 ? Luma(stored[0], stored[1], stored[2]) : stored[channel];
        }
      }
    }
  }
  return image;
}

}  // namespace

absl::StatusOr<Image> DecodeImage(absl::Span<const uint8_t> bytes, int channels, int64_t max_pixels,
                                  std::string* remark) {
  if (channels != 1 && channels != 3) {
    return InvalidValue("the number of channels", channels, "1 or 3");
  }
  ASSIGN_OR_RETURN(const Format format, FormatOf(bytes));
  ASSIGN_OR_RETURN(const RasterHeader header, ReadAnyHeader(format, bytes, max_pixels));
  ASSIGN_OR_RETURN(const Raster raster,
                   format == Format::kJpeg ? DecodeJpeg(bytes) : DecodePng(bytes));
  if (remark != nullptr) *remark = raster.remark;
  return UprightPlanes(raster, header, channels);
}

absl::StatusOr<ImageSize> ReadImageSize(absl::Span<const uint8_t> bytes, int64_t max_pixels) {
  ASSIGN_OR_RETURN(const Format format, FormatOf(bytes));
  ASSIGN_OR_RETURN(const RasterHeader header, ReadAnyHeader(format, bytes, max_pixels));
  return UprightSize(header);
}

}  // namespace distill
