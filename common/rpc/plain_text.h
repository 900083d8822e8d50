// What an editor saves unseen in a file of tokens, and why such a file is not read as it looks. The
// results are REASONs of errors, which show nothing else of the text: it may be secret.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace distill {

// Returns "it is not UTF-8, but UTF-16" or "it is not UTF-8"; empty for UTF-8.
std::string WhyNotUtf8(absl::string_view text);

// Returns "it has the invisible character U+200B" for the first character that takes no room or
// looks like a space; empty if there is none. Spaces, tabs and line ends of ASCII do not count.
// `text` is UTF-8.
std::string WhatIsInvisible(absl::string_view text);

}  // namespace distill
