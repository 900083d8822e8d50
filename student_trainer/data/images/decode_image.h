// Decodes image files. The functions are pure and thread-safe.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "student_trainer/views/image.h"

namespace distill {

// A larger image is rejected before it is decoded, since a file of a kilobyte may announce
// gigabytes. This is the limit at which Pillow warns, 256 MiB of RGB.
inline constexpr int64_t kMaxImagePixels = 89'478'485;

// Decodes JPEG or PNG, recognised by the first bytes, and turns it upright according to EXIF.
// `channels` is 1 or 3: grey is repeated into RGB, RGB becomes grey by ITU-R 601 (Pillow's
// convert("L")), alpha is dropped. DATA_LOSS describes what is wrong with the file: empty, of
// another format, truncated, corrupt, or of more than kMaxImagePixels; INVALID_ARGUMENT for other
// `channels`.
absl::StatusOr<Image> DecodeImage(absl::Span<const uint8_t> bytes, int channels);

// Returns the size of the image that DecodeImage makes, from the header alone. DATA_LOSS is as
// above.
absl::StatusOr<ImageSize> ReadImageSize(absl::Span<const uint8_t> bytes);

}  // namespace distill
