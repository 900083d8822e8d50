// What to answer to a name that is not known.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace distill {

// "did you mean resnet18? Known are mlp, resnet18": the first part where one of `known` (not empty)
// is near, by Levenshtein's distance: up to a third of the name's letters, at least 2, changed.
std::string DescribeKnownNames(absl::string_view name, const std::vector<std::string>& known);

}  // namespace distill
