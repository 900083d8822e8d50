// JSON of files that someone else wrote: what is ambiguous or could exhaust the stack is an error.
#pragma once

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace distill {

// Parses one JSON value that fills the text. INVALID_ARGUMENT says where it is malformed, which key
// an object holds twice, or that arrays and objects nest deeper than `max_depth`. Never throws.
absl::StatusOr<nlohmann::json> ParseStrictJson(absl::string_view text, int max_depth);

}  // namespace distill
