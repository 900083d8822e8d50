// The allow-list of models: which weights an operator has looked at.
#pragma once

#include <filesystem>

#include "absl/status/status.h"

namespace distill {

// `list`: lines as sha256sum prints them, the sum first; '#' begins a comment. OK if the sum of the
// directory's weights (model.safetensors, or model.pt, which is code) is among them.
// PERMISSION_DENIED names the file and its sum, as it could be put into the list; INVALID_ARGUMENT
// names the line that is none; errors of ReadFile and ReadModelDescription.
absl::Status CheckModelAllowed(const std::filesystem::path& list,
                               const std::filesystem::path& directory);

}  // namespace distill
