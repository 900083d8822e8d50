// What ships: a model directory with everything that a user takes away.
#pragma once

#include <filesystem>

#include "absl/status/status.h"

namespace distill {

// Writes model.pt (TorchScript, torchscript_export.h) into a model directory of the zoo, from its
// weights; where the directory holds a TorchScript already it does nothing. Errors of LoadedModel
// and ExportTorchScript.
absl::Status AddTorchScript(const std::filesystem::path& directory);

}  // namespace distill
