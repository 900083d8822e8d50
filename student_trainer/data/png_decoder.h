// PNG through libspng. Functions of their arguments; thread-safe.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "student_trainer/data/raster.h"

namespace distill {

// Whether these are the first bytes of a PNG.
bool IsPng(absl::Span<const uint8_t> bytes);

// The orientation is that of an eXIf chunk before the image. DATA_LOSS says what is wrong with what
// comes before it.
absl::StatusOr<RasterHeader> ReadPngHeader(absl::Span<const uint8_t> bytes);

// RGB of every kind of PNG: palettes are looked up, alpha is dropped, of 16 bits the upper 8 are
// kept. Allocates what the header announces. DATA_LOSS for a file that is broken or lacks its end.
absl::StatusOr<Raster> DecodePng(absl::Span<const uint8_t> bytes);

}  // namespace distill
