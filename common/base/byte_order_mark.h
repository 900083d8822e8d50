// The byte order mark that some editors put before UTF-8.
#pragma once

#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace distill {

inline absl::string_view WithoutByteOrderMark(absl::string_view text) {
  return absl::StripPrefix(text, "\xef\xbb\xbf");
}

}  // namespace distill
