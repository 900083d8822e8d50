#include "student_trainer/data/images/png_decoder.h"

#include <spng.h>

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

absl::StatusOr<RasterHeader> ReadPngHeader(absl::Span<const uint8_t> bytes) {
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

absl::StatusOr<Raster> DecodePng(absl::Span<const uint8_t> bytes) {
  ASSIGN_OR_RETURN(const Context context, MakeContext(bytes));
  Raster raster;
  ASSIGN_OR_RETURN(raster.size, ReadSize(context));
  raster.channels = 3;
  size_t size = 0;
  RETURN_IF_ERROR(Check(spng_decoded_image_size(context.get(), SPNG_FMT_RGB8, &size)));
  raster.pixels.resize(size);
  RETURN_IF_ERROR(Check(spng_decode_image(context.get(), raster.pixels.data(), size, SPNG_FMT_RGB8,
                                          /*flags=*/0)));
  RETURN_IF_ERROR(Check(spng_decode_chunks(context.get())));  // up to the end of the file
  return raster;
}

}  // namespace distill
