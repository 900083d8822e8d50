// Decodes PNG with libspng. The functions are pure and thread-safe.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "student_trainer/data/images/raster.h"

namespace distill {

// Returns whether these are the first bytes of a PNG.
bool IsPng(absl::Span<const uint8_t> bytes);

// The orientation is that of the last eXIf chunk. DATA_LOSS describes what is wrong with the file
// up to the image.
absl::StatusOr<RasterHeader> ReadPngHeader(absl::Span<const uint8_t> bytes);

// Returns RGB for every kind of PNG: palettes are looked up, alpha is dropped, and of 16 bits the
// upper 8 are kept. Allocates the size that the header announces, and nothing for what other chunks
// hold, however many there are (png_parts.h). Returns DATA_LOSS for a file that is broken or
// incomplete up to the end of its image; a file without an end chunk behind it has a `remark`.
absl::StatusOr<Raster> DecodePng(absl::Span<const uint8_t> bytes);

}  // namespace distill
