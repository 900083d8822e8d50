// Command-line values with units.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace distill {

// "512", "64KiB", "2MiB", "1.5GiB" (powers of 1024) → bytes, a whole number of them.
// INVALID_ARGUMENT otherwise.
absl::StatusOr<int64_t> ParseByteSize(absl::string_view text);

// "5ms", "30s", "1m30s" → duration, finite and not negative. INVALID_ARGUMENT otherwise (also
// without a unit, except "0").
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text);

// 3 significant digits (4 from 1000 on) and a unit: "982 B", "1.21 MiB", "1023 KiB".
std::string FormatBytes(int64_t bytes);

}  // namespace distill
