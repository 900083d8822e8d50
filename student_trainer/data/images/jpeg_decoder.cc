#include "student_trainer/data/images/jpeg_decoder.h"

// clang-format off: libjpeg's header needs the one before it.
#include <jerror.h>
#include <jpeglib.h>
#include <stdio.h>
// clang-format on

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/images/exif_orientation.h"

namespace distill {
namespace {

// A progressive file of a thousand empty scans would take minutes.
constexpr int kMostScans = 500;

// Returns whether a warning is about what surrounds the image data, which are whole nevertheless.
bool IsHarmless(int message) {
  switch (message) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL:
      return true;
    default:
      return false;
  }
}

// libjpeg's state for one file. Its callbacks jump out of libjpeg, so between setjmp and the end of
// a function that calls libjpeg there is no object with a destructor.
class Decompressor {
 public:
  Decompressor() {
    info_.err = jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr info) { Of(info).Fail(); };
    errors_.emit_message = [](j_common_ptr info, int level) {
      if (level < 0) Of(info).Warn();
    };
    errors_.output_message = [](j_common_ptr) {};
    info_.client_data = this;
    progress_.progress_monitor = [](j_common_ptr info) { Of(info).CheckScans(); };
  }
  ~Decompressor() { jpeg_destroy_decompress(&info_); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  // False: error() has the reason. `bytes` must outlive this object.
  bool ReadHeader(absl::Span<const uint8_t> bytes) {
    if (setjmp(escape_) != 0) return false;
    jpeg_create_decompress(&info_);
    info_.progress = &progress_;
    jpeg_mem_src(&info_, bytes.data(), bytes.size());
    return jpeg_read_header(&info_, TRUE) == JPEG_HEADER_OK;
  }

  // After ReadHeader. `pixels` has room for height() rows of width() · components() bytes.
  bool Decode(uint8_t* pixels) {
    if (setjmp(escape_) != 0) return false;
    info_.out_color_space = OutputSpace();
    jpeg_start_decompress(&info_);
    const size_t row_bytes = static_cast<size_t>(width()) * static_cast<size_t>(components());
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = pixels + info_.output_scanline * row_bytes;
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  int64_t width() const { return info_.image_width; }
  int64_t height() const { return info_.image_height; }
  bool cmyk() const { return OutputSpace() == JCS_CMYK; }
  int components() const {
    const J_COLOR_SPACE space = OutputSpace();
    return space == JCS_GRAYSCALE ? 1 : space == JCS_CMYK ? 4 : 3;
  }

  absl::Status error() const {
    return absl::DataLossError(absl::StrCat("the JPEG is truncated or corrupt: ", error_));
  }
  // The first harmless warning; empty without.
  std::string remark() const { return remark_; }

 private:
  static Decompressor& Of(j_common_ptr info) {
    return *static_cast<Decompressor*>(info->client_data);
  }

  J_COLOR_SPACE OutputSpace() const {
    switch (info_.jpeg_color_space) {
      case JCS_GRAYSCALE:
        return JCS_GRAYSCALE;
      case JCS_CMYK:
      case JCS_YCCK:
        return JCS_CMYK;
      default:
        return JCS_RGB;
    }
  }

  [[noreturn]] void Fail() {
    errors_.format_message(reinterpret_cast<j_common_ptr>(&info_), error_);
    std::longjmp(escape_, 1);
  }

  void Warn() {
    if (!IsHarmless(errors_.msg_code)) Fail();
    if (remark_[0] == '\0') {
      errors_.format_message(reinterpret_cast<j_common_ptr>(&info_), remark_);
    }
  }

  void CheckScans() {
    if (info_.input_scan_number <= kMostScans) return;
    std::strcpy(error_, "it has more than 500 scans");
    std::longjmp(escape_, 1);
  }

  jpeg_decompress_struct info_ = {};
  jpeg_error_mgr errors_ = {};
  jpeg_progress_mgr progress_ = {};
  std::jmp_buf escape_;
  char error_[JMSG_LENGTH_MAX] = {};
  char remark_[JMSG_LENGTH_MAX] = {};
};

absl::Status ReadHeader(absl::Span<const uint8_t> bytes, Decompressor& decompressor) {
  if (!decompressor.ReadHeader(bytes)) return decompressor.error();
  if (decompressor.width() < 1 || decompressor.height() < 1) {
    return absl::DataLossError("the JPEG is truncated or corrupt: it ends before its image");
  }
  return absl::OkStatus();
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
  Decompressor decompressor;
  RETURN_IF_ERROR(ReadHeader(bytes, decompressor));
  RasterHeader header{{decompressor.height(), decompressor.width()}};
  const absl::Span<const uint8_t> exif = FindExif(bytes);
  if (!exif.empty()) header.orientation = ExifOrientation(exif);
  return header;
}

absl::StatusOr<Raster> DecodeJpeg(absl::Span<const uint8_t> bytes) {
  Decompressor decompressor;
  RETURN_IF_ERROR(ReadHeader(bytes, decompressor));
  const int components = decompressor.components();
  Raster raster{{decompressor.height(), decompressor.width()}, components == 1 ? 1 : 3, {}};
  raster.pixels.resize(static_cast<size_t>(decompressor.height() * decompressor.width()) *
                       static_cast<size_t>(components));
  if (!decompressor.Decode(raster.pixels.data())) return decompressor.error();
  if (decompressor.cmyk()) raster.pixels = RgbOfInvertedCmyk(raster.pixels);
  raster.remark = decompressor.remark();
  return raster;
}

}  // namespace distill
