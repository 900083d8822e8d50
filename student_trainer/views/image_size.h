// How large images may be, and the value of --image_size and --student_resolution.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "student_trainer/views/image.h"

namespace distill {

inline constexpr int64_t kMostImageSide = 8192;  // pixels, of a sample

// A larger image file is rejected before it is decoded, since a file of a kilobyte may announce
// gigabytes. This is the limit of Pillow, 512 MiB of RGB.
inline constexpr int64_t kMaxImagePixels = 178'956'970;

// Reads "224", height and width, or "24x32", height x width; each is from 1 to kMostImageSide.
// INVALID_ARGUMENT shows `text` and what is allowed.
absl::StatusOr<ImageSize> ParseImageSize(absl::string_view text);

// INVALID_ARGUMENT names the field unless `size` is unset or within those limits.
absl::Status CheckImageSize(absl::string_view field, const std::optional<ImageSize>& size);

// What ParseImageSize reads: "224" or "24x32".
std::string ToString(ImageSize size);

}  // namespace distill
