#include "student_trainer/data/images/jpeg_decoder.h"

#include <turbojpeg.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/images/exif_orientation.h"

namespace distill {
namespace {

using Decompressor = std::unique_ptr<void, decltype(&tjDestroy)>;

struct JpegInfo {
  int width = 0;
  int height = 0;
  int subsampling = 0;
  int colorspace = 0;
};

absl::Status Broken(const Decompressor& decompressor) {
  return absl::DataLossError(
      absl::StrCat("the JPEG is truncated or corrupt: ", tjGetErrorStr2(decompressor.get())));
}

absl::StatusOr<Decompressor> MakeDecompressor() {
  Decompressor decompressor(tjInitDecompress(), &tjDestroy);
  if (decompressor == nullptr) {
    return absl::ResourceExhaustedError("cannot decode a JPEG: there is no memory");
  }
  return decompressor;
}

absl::StatusOr<JpegInfo> ReadInfo(const Decompressor& decompressor,
                                  absl::Span<const uint8_t> bytes) {
  JpegInfo info;
  if (tjDecompressHeader3(decompressor.get(), bytes.data(), bytes.size(), &info.width, &info.height,
                          &info.subsampling, &info.colorspace) != 0) {
    return Broken(decompressor);
  }
  if (info.width < 1 || info.height < 1) {  // a file that ends after its tables has this header
    return absl::DataLossError("the JPEG is truncated or corrupt: it ends before its image");
  }
  return info;
}

// The block of EXIF among the segments before the image; empty without.
absl::Span<const uint8_t> FindExif(absl::Span<const uint8_t> bytes) {
  constexpr uint8_t kApp1 = 0xe1, kStartOfScan = 0xda;
  size_t at = 2;  // behind the start of image
  while (at + 4 <= bytes.size() && bytes[at] == 0xff) {
    const uint8_t marker = bytes[at + 1];
    if (marker == 0xff) {  // padding
      ++at;
      continue;
    }
    if (marker == kStartOfScan) break;
    const size_t length = static_cast<size_t>(bytes[at + 2]) << 8 | bytes[at + 3];
    if (length < 2 || length > bytes.size() - at - 2) break;
    const absl::Span<const uint8_t> segment = bytes.subspan(at + 4, length - 2);
    if (marker == kApp1 && segment.size() > std::size(kExifHeader) &&
        std::equal(std::begin(kExifHeader), std::end(kExifHeader), segment.begin())) {
      return segment;
    }
    at += 2 + length;
  }
  return {};
}

// a·b/255, rounded.
uint8_t Scaled(int a, int b) {
  const int product = a * b + 128;
  return static_cast<uint8_t>((product + (product >> 8)) >> 8);
}

// `cmyk` is the stored data, where 255 means no ink.
std::vector<uint8_t> RgbOfInvertedCmyk(const std::vector<uint8_t>& cmyk) {
  std::vector<uint8_t> rgb(cmyk.size() / 4 * 3);
  for (size_t i = 0; i < cmyk.size() / 4; ++i) {
    const uint8_t black = cmyk[4 * i + 3];
    for (size_t c = 0; c < 3; ++c) {
      rgb[3 * i + c] = static_cast<uint8_t>(black - Scaled(255 - cmyk[4 * i + c], black));
    }
  }
  return rgb;
}

}  // namespace

bool IsJpeg(absl::Span<const uint8_t> bytes) {
  return bytes.size() >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

absl::StatusOr<RasterHeader> ReadJpegHeader(absl::Span<const uint8_t> bytes) {
  ASSIGN_OR_RETURN(const Decompressor decompressor, MakeDecompressor());
  ASSIGN_OR_RETURN(const JpegInfo info, ReadInfo(decompressor, bytes));
  RasterHeader header{{info.height, info.width}};
  const absl::Span<const uint8_t> exif = FindExif(bytes);
  if (!exif.empty()) header.orientation = ExifOrientation(exif);
  return header;
}

absl::StatusOr<Raster> DecodeJpeg(absl::Span<const uint8_t> bytes) {
  ASSIGN_OR_RETURN(const Decompressor decompressor, MakeDecompressor());
  ASSIGN_OR_RETURN(const JpegInfo info, ReadInfo(decompressor, bytes));
  const bool cmyk = info.colorspace == TJCS_CMYK || info.colorspace == TJCS_YCCK;
  const TJPF format = cmyk ? TJPF_CMYK : info.colorspace == TJCS_GRAY ? TJPF_GRAY : TJPF_RGB;

  Raster raster{{info.height, info.width}, format == TJPF_GRAY ? 1 : 3, {}};
  raster.pixels.resize(static_cast<size_t>(info.height) * static_cast<size_t>(info.width) *
                       static_cast<size_t>(tjPixelSize[format]));
  // LIMITSCANS: a progressive file of a thousand empty scans would take minutes.
  if (tjDecompress2(decompressor.get(), bytes.data(), bytes.size(), raster.pixels.data(),
                    info.width, /*pitch=*/0, info.height, format,
                    TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS) != 0) {
    return Broken(decompressor);
  }
  if (cmyk) raster.pixels = RgbOfInvertedCmyk(raster.pixels);
  return raster;
}

}  // namespace distill
