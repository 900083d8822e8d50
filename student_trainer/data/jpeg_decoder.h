// JPEG through libturbojpeg. Functions of their arguments; thread-safe.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "student_trainer/data/raster.h"

namespace distill {

// Whether these are the first bytes of a JPEG.
bool IsJpeg(absl::Span<const uint8_t> bytes);

// DATA_LOSS says what is wrong with the header.
absl::StatusOr<RasterHeader> ReadJpegHeader(absl::Span<const uint8_t> bytes);

// Grey stays grey; CMYK and YCCK become RGB as Pillow has it, inverted as Adobe writes them.
// Allocates what the header announces. DATA_LOSS for all that libjpeg-turbo as much as warns of:
// a truncated image is among it.
absl::StatusOr<Raster> DecodeJpeg(absl::Span<const uint8_t> bytes);

}  // namespace distill
