// Reads, checks and compares the names of classes. Thread-safe.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace distill {

// Reads a file of class names, one per line; a byte order mark, spaces around a name and empty
// lines at the end are ignored, and lines end as on any system. Returns INVALID_ARGUMENT for
// UTF-16, and for a name that is empty, repeated, or not UTF-8.
absl::StatusOr<std::vector<std::string>> ReadClassNames(const std::string& path);

// Returns the names in class_names.txt of the folder; empty if there is no such file. Errors are
// those of ReadClassNames.
absl::StatusOr<std::vector<std::string>> ClassNamesIn(const std::filesystem::path& folder);

// Returns INVALID_ARGUMENT for names as ReadClassNames does; the error begins with `where`, the
// origin of the names.
absl::Status CheckClassNames(absl::Span<const std::string> names, absl::string_view where);

// Describes in words which names each of `a` and `b` has that the other lacks: "`train` has "cat"
// that `test` lacks; `test` has "dog" and 3 more that `train` lacks". If only the order differs, it
// gives the position of the first difference. Names that are not ASCII are shown with their bytes,
// since they may look alike. Empty for equal lists.
std::string DescribeClassDifference(absl::string_view a, const std::vector<std::string>& a_names,
                                    absl::string_view b, const std::vector<std::string>& b_names);

}  // namespace distill
