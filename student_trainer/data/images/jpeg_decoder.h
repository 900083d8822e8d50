// Decodes JPEG with libturbojpeg. The functions are pure and thread-safe.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "student_trainer/data/images/raster.h"

namespace distill {

// Returns whether these are the first bytes of a JPEG.
bool IsJpeg(absl::Span<const uint8_t> bytes);

// DATA_LOSS describes what is wrong with the header.
absl::StatusOr<RasterHeader> ReadJpegHeader(absl::Span<const uint8_t> bytes);

// Grey stays grey; CMYK and YCCK become RGB as in Pillow, inverted as Adobe writes them. Allocates
// the size that the header announces. Returns DATA_LOSS for everything that libjpeg-turbo warns of,
// such as a truncated image.
absl::StatusOr<Raster> DecodeJpeg(absl::Span<const uint8_t> bytes);

}  // namespace distill
