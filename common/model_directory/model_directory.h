// The model directory is what a trainer writes and a server serves: config.json (config_json.h),
// and the weights as model.safetensors, or as model.pt for a TorchScript model.
#pragma once

#include <filesystem>

#include "absl/status/statusor.h"
#include "common/model_directory/config_json.h"

namespace distill {

inline constexpr char kConfigFile[] = "config.json";
inline constexpr char kWeightsFile[] = "model.safetensors";
inline constexpr char kTorchScriptFile[] = "model.pt";
inline constexpr char kModelOfRun[] = "model";  // in the folder of a run

// Returns the file that holds the weights: model.pt for TorchScript, otherwise model.safetensors.
std::filesystem::path WeightsPath(const std::filesystem::path& directory,
                                  const ModelDescription& description);

// Reads DIRECTORY/config.json and checks that the weights file exists. The error names the
// directory and what is missing or wrong: NOT_FOUND, FAILED_PRECONDITION or INVALID_ARGUMENT.
absl::StatusOr<ModelDescription> ReadModelDescription(const std::filesystem::path& directory);

}  // namespace distill
