// Decodes image files. The functions are pure and thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "student_trainer/views/image.h"
#include "student_trainer/views/image_size.h"

namespace distill {

// Decodes JPEG or PNG, recognised by the first bytes, and turns it upright according to EXIF.
// `channels` is 1 or 3: grey is repeated into RGB, RGB becomes grey by ITU-R 601 (Pillow's
// convert("L")), alpha is dropped. If `remark` is given, it receives what the decoder warns of
// though the pixels are whole, such as bytes between two segments; it is empty for most files.
// DATA_LOSS describes what is wrong with the file: empty, of another format, truncated, corrupt, or
// of more than `max_pixels`; INVALID_ARGUMENT for other `channels`.
absl::StatusOr<Image> DecodeImage(absl::Span<const uint8_t> bytes, int channels,
                                  int64_t max_pixels = kMaxImagePixels,
                                  std::string* remark = nullptr);

// Returns the size of the image that DecodeImage makes, from the header alone. DATA_LOSS is as
// above.
absl::StatusOr<ImageSize> ReadImageSize(absl::Span<const uint8_t> bytes,
                                        int64_t max_pixels = kMaxImagePixels);

}  // namespace distill
