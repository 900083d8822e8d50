// The allow-list of models names the weights that an operator has reviewed.
#pragma once

#include <filesystem>

#include "absl/status/status.h"

namespace distill {

// `list` has the lines that sha256sum prints, the sum first; '#' begins a comment. Returns OK if
// the list has the sum of the weights of the directory (model.safetensors, or model.pt, which is
// code). PERMISSION_DENIED names the file and its sum, in the form that the list takes;
// INVALID_ARGUMENT names a line that is malformed. Otherwise returns the errors of ReadFile and
// ReadModelDescription.
absl::Status CheckModelAllowed(const std::filesystem::path& list,
                               const std::filesystem::path& directory);

}  // namespace distill
