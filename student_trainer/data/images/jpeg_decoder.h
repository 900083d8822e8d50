// Decodes JPEG with libjpeg-turbo. The functions are pure and thread-safe.
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

// Grey stays grey; CMYK and YCCK become RGB as in Pillow, inverted as Adobe writes them; every
// sampling is upsampled as libjpeg does. Allocates the size that the header announces. What
// libjpeg-turbo warns of is DATA_LOSS if the image data end early or are damaged; otherwise, as
// with bytes between segments or an unknown version, it becomes the raster's `remark`.
absl::StatusOr<Raster> DecodeJpeg(absl::Span<const uint8_t> bytes);

}  // namespace distill
