// Finds the chunks of a PNG that decide what it shows.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace distill {

// The first bytes of a file.
inline constexpr uint8_t kPngSignature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

// Refers to the file.
struct PngParts {
  // One after the other they are a PNG of the same pixels: the file without its ancillary chunks,
  // such as text and colour profiles, which libspng would check, keep in memory and limit. Without
  // an end chunk where the file ends within its image.
  std::vector<absl::Span<const uint8_t>> image;

  // The content of the last eXIf chunk, before the image or behind it; empty if there is none.
  absl::Span<const uint8_t> exif;

  bool has_end = false;  // an end chunk follows the image
};

// `file` begins with kPngSignature. Returns DATA_LOSS if an ancillary chunk before the image has a
// wrong checksum.
absl::StatusOr<PngParts> FindPngParts(absl::Span<const uint8_t> file);

}  // namespace distill
