// The names of classes: read, checked, compared. Thread-safe.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace distill {

// Reads a file of class names, one a line; empty lines at the end are ignored. INVALID_ARGUMENT for
// an empty or repeated name, or one that is no UTF-8.
absl::StatusOr<std::vector<std::string>> ReadClassNames(const std::string& path);

// What class_names.txt in the folder says; empty where there is none. Errors of ReadClassNames.
absl::StatusOr<std::vector<std::string>> ClassNamesIn(const std::filesystem::path& folder);

// INVALID_ARGUMENT as ReadClassNames; `where` the names are from begins the error.
absl::Status CheckClassNames(absl::Span<const std::string> names, absl::string_view where);

// In words, what `a` and `b` have that the other lacks: "--train has "cat" that --test lacks;
// --test has "dog" and 3 more that --train lacks". Of names that differ in their order alone, where
// the first difference is. Empty for equal lists.
std::string DescribeClassDifference(absl::string_view a, const std::vector<std::string>& a_names,
                                    absl::string_view b, const std::vector<std::string>& b_names);

}  // namespace distill
