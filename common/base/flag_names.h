// How the command layer names options in messages: libraries write the field, `batch_size`, and
// only a program knows that its user calls it --batch_size.
#pragma once

#include <set>
#include <string>

#include "absl/strings/string_view.h"

namespace distill {

using FlagNames = std::set<std::string>;  // without their "--"

// The message with each `name` in backticks that is a flag as --name. Other text stays as it is.
std::string WithFlags(absl::string_view message, const FlagNames& flags);

}  // namespace distill
