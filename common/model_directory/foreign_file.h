// What a file is that is not of the expected format, as its first bytes tell.
#pragma once

#include <filesystem>
#include <string>

#include "absl/strings/string_view.h"

namespace distill {

// Returns, for a message, what the file looks like and what to do: "it looks like a Git LFS
// pointer; fetch the file with 'git lfs pull'". Empty if its first bytes tell nothing. `wanted`:
// what writes the expected format, for files that Torch wrote in another.
std::string DescribeForeignFile(absl::string_view begin, absl::string_view wanted);

// The same for a file, whose first bytes it reads; also empty if it cannot be read.
std::string DescribeForeignFileAt(const std::filesystem::path& path, absl::string_view wanted);

}  // namespace distill
