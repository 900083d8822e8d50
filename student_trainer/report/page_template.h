// page/page.html with its style and scripts in it, as the build put them together.
#pragma once

#include "absl/strings/string_view.h"

namespace distill {

absl::string_view PageTemplate();

}  // namespace distill
