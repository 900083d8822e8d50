// Decodes PNG with libspng. The functions are pure and thread-safe.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "student_trainer/data/images/raster.h"

namespace distill {

// Returns whether these are the first bytes of a PNG.
bool IsPng(absl::Span<const uint8_t> bytes);

// The orientation is that of an eXIf chunk before the image. DATA_LOSS describes what is wrong with
// the file up to the image.
absl::StatusOr<RasterHeader> ReadPngHeader(absl::Span<const uint8_t> bytes);

// Returns RGB for every kind of PNG: palettes are looked up, alpha is dropped, and of 16 bits the
// upper 8 are kept. Allocates the size that the header announces. Returns DATA_LOSS for a file that
// is broken or incomplete; a file that ends after its image without an end chunk has a `remark`.
absl::StatusOr<Raster> DecodePng(absl::Span<const uint8_t> bytes);

}  // namespace distill
