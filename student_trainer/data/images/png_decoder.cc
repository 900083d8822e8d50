#include "student_trainer/data/images/png_decoder.h"

#include <spng.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/images/exif_orientation.h"

namespace distill {
namespace {

using Context = std::unique_ptr<spng_ctx, decltype(&spng_ctx_free)>;

constexpr uint8_t kSignature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

// The limit of the inflated size of chunks other than the image.
constexpr size_t kMaxChunkBytes = size_t{32} << 20;

absl::Status Check(int result) {
  if (result == 0) return absl::OkStatus();
  if (result == SPNG_EMEM) {
    return absl::ResourceExhaustedError("cannot decode a PNG: there is no memory");
  }
  return absl::DataLossError(
      absl::StrCat("the PNG is truncated or corrupt: ", spng_strerror(result)));
}

// Returns the first eXIf chunk without content, which libspng refuses, among those before the
// image; an empty span if there is none.
absl::Span<const uint8_t> FindEmptyExif(absl::Span<const uint8_t> bytes) {
  constexpr size_t kFrame = 12;  // length, name and checksum
  size_t at = std::size(kSignature);
  while (at + kFrame <= bytes.size()) {
    const size_t length = static_cast<size_t>(bytes[at]) << 24 | bytes[at + 1] << 16 |
                          bytes[at + 2] << 8 | bytes[at + 3];
    const absl::string_view name(reinterpret_cast<const char*>(bytes.data() + at + 4), 4);
    if (name == "eXIf" && length == 0) return bytes.subspan(at, kFrame);
    if (name == "IDAT" || length > bytes.size() - at - kFrame) break;
    at += kFrame + length;
  }
  return {};
}

// Returns `bytes`, or a copy in `copy` that lacks the chunk.
absl::Span<const uint8_t> WithoutEmptyExif(absl::Span<const uint8_t> bytes,
                                           std::vector<uint8_t>& copy) {
  const absl::Span<const uint8_t> chunk = FindEmptyExif(bytes);
  if (chunk.empty()) return bytes;
  copy.assign(bytes.begin(), bytes.end());
  const auto begin = copy.begin() + (chunk.data() - bytes.data());
  copy.erase(begin, begin + static_cast<std::ptrdiff_t>(chunk.size()));
  return copy;
}

// Refers to `bytes`.
absl::StatusOr<Context> MakeContext(absl::Span<const uint8_t> bytes) {
  Context context(spng_ctx_new(0), &spng_ctx_free);
  if (context == nullptr) return Check(SPNG_EMEM);
  RETURN_IF_ERROR(Check(spng_set_chunk_limits(context.get(), kMaxChunkBytes, kMaxChunkBytes)));
  RETURN_IF_ERROR(Check(spng_set_png_buffer(context.get(), bytes.data(), bytes.size())));
  return context;
}

absl::StatusOr<ImageSize> ReadSize(const Context& context) {
  spng_ihdr header;
  RETURN_IF_ERROR(Check(spng_get_ihdr(context.get(), &header)));
  return ImageSize{header.height, header.width};
}

}  // namespace

bool IsPng(absl::Span<const uint8_t> bytes) {
  return bytes.size() >= std::size(kSignature) &&
         std::equal(std::begin(kSignature), std::end(kSignature), bytes.begin());
}

absl::StatusOr<RasterHeader> ReadPngHeader(absl::Span<const uint8_t> file) {
  std::vector<uint8_t> copy;
  const absl::Span<const uint8_t> bytes = WithoutEmptyExif(file, copy);
  ASSIGN_OR_RETURN(const Context context, MakeContext(bytes));
  RasterHeader header;
  ASSIGN_OR_RETURN(header.size, ReadSize(context));
  spng_exif chunk;
  const int result = spng_get_exif(context.get(), &chunk);
  if (result == SPNG_ECHUNKAVAIL) return header;  // there is none
  RETURN_IF_ERROR(Check(result));
  std::vector<uint8_t> exif(std::begin(kExifHeader), std::end(kExifHeader));
  exif.insert(exif.end(), chunk.data, chunk.data + chunk.length);
  header.orientation = ExifOrientation(exif);
  return header;
}

absl::StatusOr<Raster> DecodePng(absl::Span<const uint8_t> file) {
  std::vector<uint8_t> copy;
  const absl::Span<const uint8_t> bytes = WithoutEmptyExif(file, copy);
  ASSIGN_OR_RETURN(const Context context, MakeContext(bytes));
  Raster raster;
  ASSIGN_OR_RETURN(raster.size, ReadSize(context));
  raster.channels = 3;
  size_t size = 0;
  RETURN_IF_ERROR(Check(spng_decoded_image_size(context.get(), SPNG_FMT_RGB8, &size)));
  raster.pixels.resize(size);
  RETURN_IF_ERROR(Check(spng_decode_image(context.get(), raster.pixels.data(), size, SPNG_FMT_RGB8,
                                          /*flags=*/0)));
  const int rest = spng_decode_chunks(context.get());  // up to the end of the file
  if (rest == SPNG_IO_EOF) {
    raster.remark = "the PNG ends without its end chunk";
  } else {
    RETURN_IF_ERROR(Check(rest));
  }
  return raster;
}

}  // namespace distill
