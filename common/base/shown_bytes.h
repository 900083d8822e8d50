// Tells apart names that look alike in a message.
#pragma once

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace distill {

// Returns " (bytes caf\xc3\xa9)", which a message appends to a name that others lack: names that
// are not printable ASCII may differ and look alike, as an é is one character or two. Empty for
// others.
inline std::string ShownBytes(absl::string_view name) {
  if (std::all_of(name.begin(), name.end(), absl::ascii_isprint)) return "";
  return absl::StrCat(" (bytes ", absl::CHexEscape(name), ")");
}

}  // namespace distill
