// How a camera was held, as EXIF has it.
#pragma once

#include <cstdint>

#include "absl/types/span.h"

namespace distill {

// "Exif\0\0", which a TIFF structure follows.
inline constexpr uint8_t kExifHeader[] = {'E', 'x', 'i', 'f', 0, 0};

// The tag Orientation of a block that begins with kExifHeader: 1 to 8; 1 where it is missing or
// broken, as viewers take it. https://www.cipa.jp/std/documents/e/DC-008-2012_E.pdf, 4.6.4
int ExifOrientation(absl::Span<const uint8_t> exif);

}  // namespace distill
