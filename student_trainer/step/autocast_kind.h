// Autocast: the narrow types that autocast.h can compute in.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace distill {

enum class Autocast {
  kOff,
  kBf16,  // half the bytes with the range of float32, so gradients need no scaling
};

// "off", "bf16".
absl::string_view Name(Autocast autocast);

// The inverse of Name. INVALID_ARGUMENT for other words; for f16 it explains why it is not
// supported.
absl::StatusOr<Autocast> ParseAutocast(absl::string_view name);

}  // namespace distill
