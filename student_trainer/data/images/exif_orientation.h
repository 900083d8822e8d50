// Reads the orientation of the camera from EXIF.
#pragma once

#include <cstdint>

#include "absl/types/span.h"

namespace distill {

// "Exif\0\0", which a TIFF structure follows.
inline constexpr uint8_t kExifHeader[] = {'E', 'x', 'i', 'f', 0, 0};

// Returns the tag Orientation of a block that begins with kExifHeader: 1 to 8; 1 if it is missing
// or broken, as viewers assume. https://www.cipa.jp/std/documents/e/DC-008-2012_E.pdf, 4.6.4
int ExifOrientation(absl::Span<const uint8_t> exif);

}  // namespace distill
