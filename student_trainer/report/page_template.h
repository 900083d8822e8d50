// page.html, as the build found it.
#pragma once

#include "absl/strings/string_view.h"

namespace distill {

absl::string_view PageTemplate();

}  // namespace distill
