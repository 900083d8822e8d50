// Parses JSON files from other parties: text that is ambiguous or could exhaust the stack is an
// error.
#pragma once

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace distill {

// Parses one JSON value that must fill the text. INVALID_ARGUMENT reports the position of malformed
// text, a key that an object holds twice, or that arrays and objects nest deeper than `max_depth`.
// Never throws.
absl::StatusOr<nlohmann::json> ParseStrictJson(absl::string_view text, int max_depth);

}  // namespace distill
