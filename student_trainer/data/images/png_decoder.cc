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
#include "student_trainer/data/images/png_parts.h"

namespace distill {
namespace {

using Context = std::unique_ptr<spng_ctx, decltype(&spng_ctx_free)>;

absl::Status Check(int result) {
  if (result == 0) return absl::OkStatus();
  if (result == SPNG_EMEM) {
    return absl::ResourceExhaustedError("cannot decode a PNG: there is no memory");
  }
  return absl::DataLossError(
      absl::StrCat("the PNG is truncated or corrupt: ", spng_strerror(result)));
}

// Reads parts of a file one after the other.
class PartsReader {
 public:
  explicit PartsReader(std::vector<absl::Span<const uint8_t>> parts) : parts_(std::move(parts)) {}

  // What libspng calls: 0, or SPNG_IO_EOF if there are fewer bytes.
  int Read(uint8_t* destination, size_t length) {
    while (length > 0) {
      if (part_ == parts_.size()) return SPNG_IO_EOF;
      absl::Span<const uint8_t>& rest = parts_[part_];
      const size_t bytes = std::min(length, rest.size());
      destination = std::copy_n(rest.begin(), bytes, destination);
      length -= bytes;
      rest.remove_prefix(bytes);
      if (rest.empty()) ++part_;
    }
    return 0;
  }

 private:
  std::vector<absl::Span<const uint8_t>> parts_;  // without what was read
  size_t part_ = 0;
};

// Refers to `reader`.
absl::StatusOr<Context> MakeContext(PartsReader& reader) {
  Context context(spng_ctx_new(0), &spng_ctx_free);
  if (context == nullptr) return Check(SPNG_EMEM);
  const auto read = [](spng_ctx*, void* reader, void* destination, size_t length) {
    return static_cast<PartsReader*>(reader)->Read(static_cast<uint8_t*>(destination), length);
  };
  RETURN_IF_ERROR(Check(spng_set_png_stream(context.get(), read, &reader)));
  return context;
}

absl::StatusOr<ImageSize> ReadSize(const Context& context) {
  spng_ihdr header;
  RETURN_IF_ERROR(Check(spng_get_ihdr(context.get(), &header)));
  return ImageSize{header.height, header.width};
}

// `content`: of an eXIf chunk.
int OrientationOf(absl::Span<const uint8_t> content) {
  constexpr size_t kHeaderBytes = std::size(kExifHeader);
  // Some writers put the header in front, which belongs to JPEG.
  if (content.size() >= kHeaderBytes &&
      std::equal(std::begin(kExifHeader), std::end(kExifHeader), content.begin())) {
    content.remove_prefix(kHeaderBytes);
  }
  std::vector<uint8_t> exif(std::begin(kExifHeader), std::end(kExifHeader));
  exif.insert(exif.end(), content.begin(), content.end());
  return ExifOrientation(exif);
}

}  // namespace

bool IsPng(absl::Span<const uint8_t> bytes) {
  return bytes.size() >= std::size(kPngSignature) &&
         std::equal(std::begin(kPngSignature), std::end(kPngSignature), bytes.begin());
}

absl::StatusOr<RasterHeader> ReadPngHeader(absl::Span<const uint8_t> bytes) {
  ASSIGN_OR_RETURN(PngParts parts, FindPngParts(bytes));
  PartsReader reader(std::move(parts.image));
  ASSIGN_OR_RETURN(const Context context, MakeContext(reader));
  RasterHeader header;
  ASSIGN_OR_RETURN(header.size, ReadSize(context));
  RETURN_IF_ERROR(Check(spng_decode_chunks(context.get())));  // up to the image
  if (!parts.exif.empty()) header.orientation = OrientationOf(parts.exif);
  return header;
}

absl::StatusOr<Raster> DecodePng(absl::Span<const uint8_t> bytes) {
  ASSIGN_OR_RETURN(PngParts parts, FindPngParts(bytes));
  PartsReader reader(std::move(parts.image));
  ASSIGN_OR_RETURN(const Context context, MakeContext(reader));
  Raster raster;
  ASSIGN_OR_RETURN(raster.size, ReadSize(context));
  raster.channels = 3;
  size_t size = 0;
  RETURN_IF_ERROR(Check(spng_decoded_image_size(context.get(), SPNG_FMT_RGB8, &size)));
  raster.pixels.resize(size);
  RETURN_IF_ERROR(Check(spng_decode_image(context.get(), raster.pixels.data(), size, SPNG_FMT_RGB8,
                                          /*flags=*/0)));
  const int rest = spng_decode_chunks(context.get());  // the checksum of the image
  if (rest != SPNG_IO_EOF) RETURN_IF_ERROR(Check(rest));
  if (!parts.has_end) raster.remark = "the PNG ends without its end chunk";
  return raster;
}

}  // namespace distill
