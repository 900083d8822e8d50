// Log lines on stderr: time, level, message. (Torch defines macros LOG and CHECK, hence functions.)
// Thread-safe. Format with absl::StrCat or absl::StrFormat.
#pragma once

#include "absl/strings/string_view.h"

namespace distill::log {

void Info(absl::string_view message);
void Warning(absl::string_view message);
void Error(absl::string_view message);

}  // namespace distill::log
