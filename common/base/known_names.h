// What an error says instead of a name that is not known.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace distill {

// "mlp, resnet18 or resnet34".
std::string AnyOf(absl::Span<const std::string> names);

// "a, b, c and 5 more": the first `most`.
std::string SomeOf(absl::Span<const std::string> names, size_t most = 10);

// "mlp or resnet18 (did you mean resnet18?)": what a name must be. The question is there where one
// of `known` (not empty) is near `name`, by Levenshtein's distance: up to a third of the name's
// letters, at least 2, changed.
std::string DescribeKnownNames(absl::string_view name, absl::Span<const std::string> known);

}  // namespace distill
