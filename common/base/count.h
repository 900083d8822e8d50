// How messages write a number of things.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace distill {

// "1 corrupt sample", "2 corrupt samples", "0 classes", "3 entries": the number and the noun, whose
// last word gets the regular plural unless there is 1.
std::string Count(int64_t number, absl::string_view noun);

}  // namespace distill
