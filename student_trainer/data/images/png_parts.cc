#include "student_trainer/data/images/png_parts.h"

#include <zlib.h>

#include <cstddef>
#include <iterator>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace distill {
namespace {

constexpr size_t kChunkFrame = 12;  // bytes of a chunk beside its content: length, name, checksum
constexpr uint8_t kEndChunk[] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};

struct PngChunk {
  absl::Span<const uint8_t> whole;
  absl::string_view name;
  absl::Span<const uint8_t> content;
};

uint32_t ReadBigEndian32(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

// Returns the chunk at the beginning of `bytes`; nullopt if they end before it does.
std::optional<PngChunk> FirstChunk(absl::Span<const uint8_t> bytes) {
  if (bytes.size() < kChunkFrame) return std::nullopt;
  const size_t length = ReadBigEndian32(bytes.data());
  if (length > bytes.size() - kChunkFrame) return std::nullopt;
  return PngChunk{bytes.first(kChunkFrame + length),
                  {reinterpret_cast<const char*>(bytes.data()) + 4, 4},
                  bytes.subspan(8, length)};
}

// Returns whether decoders may skip the chunk, whose name then begins with a small letter. `chunk`
// may end early.
bool IsAncillary(absl::Span<const uint8_t> chunk) {
  return chunk.size() > 4 && (chunk[4] & 0x20) != 0;
}

bool HasRightChecksum(const PngChunk& chunk) {
  const absl::Span<const uint8_t> summed = chunk.whole.subspan(4, 4 + chunk.content.size());
  return crc32_z(0, summed.data(), summed.size()) == ReadBigEndian32(summed.end());
}

// Adds to the last part what follows it directly.
void Add(absl::Span<const uint8_t> piece, std::vector<absl::Span<const uint8_t>>& parts) {
  if (!parts.empty() && parts.back().end() == piece.begin()) {
    parts.back() = {parts.back().data(), parts.back().size() + piece.size()};
  } else {
    parts.push_back(piece);
  }
}

}  // namespace

absl::StatusOr<PngParts> FindPngParts(absl::Span<const uint8_t> file) {
  enum class Place { kBeforeImage, kInImage, kBehindImage };
  Place place = Place::kBeforeImage;
  PngParts parts;
  Add(file.first(std::size(kPngSignature)), parts.image);
  absl::Span<const uint8_t> rest = file.subspan(std::size(kPngSignature));
  while (const std::optional<PngChunk> chunk = FirstChunk(rest)) {
    rest.remove_prefix(chunk->whole.size());
    if (chunk->name == "eXIf") parts.exif = chunk->content;
    if (place == Place::kBeforeImage && chunk->name == "IDAT") place = Place::kInImage;
    if (place == Place::kInImage && chunk->name != "IDAT") {
      place = Place::kBehindImage;
      Add(kEndChunk, parts.image);
    }
    if (place == Place::kBehindImage) {
      parts.has_end = chunk->name == "IEND";
      if (parts.has_end) return parts;
    } else if (!IsAncillary(chunk->whole)) {
      Add(chunk->whole, parts.image);
    } else if (!HasRightChecksum(*chunk)) {
      return absl::DataLossError(absl::StrCat("the PNG is truncated or corrupt: its chunk '",
                                              absl::CHexEscape(chunk->name),
                                              "' has a wrong checksum"));
    }
  }
  // The file ends within a chunk.
  if (place != Place::kBehindImage && !IsAncillary(rest)) Add(rest, parts.image);
  return parts;
}

}  // namespace distill
