#include "common/model_directory/model_directory.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"

namespace distill {

std::filesystem::path WeightsPath(const std::filesystem::path& directory,
                                  const ModelDescription& description) {
  return directory /
         (description.architecture == kTorchScriptArchitecture ? kTorchScriptFile : kWeightsFile);
}

namespace {

constexpr absl::string_view kOtherWeights[] = {"pytorch_model.bin", "model.safetensors.index.json",
                                               "pytorch_model.bin.index.json"};
constexpr absl::string_view kWeightEndings[] = {".safetensors", ".pt", ".pth", ".bin", ".ckpt"};

// Returns "; NAME is there: …" for a file of weights that is not the one that is read, or nothing.
std::string OtherWeights(const std::filesystem::path& directory) {
  std::error_code error;
  std::string found;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    const bool known = std::find(std::begin(kOtherWeights), std::end(kOtherWeights), name) !=
                       std::end(kOtherWeights);
    const bool ending = std::find(std::begin(kWeightEndings), std::end(kWeightEndings),
                                  entry.path().extension().string()) != std::end(kWeightEndings);
    if (known || (ending && found.empty())) found = name;
  }
  if (found.empty()) return "";
  return absl::StrCat("; '", found, "' is there: write all tensors into one file, as ",
                      "safetensors.torch.save_file(state_dict, FILE) does");
}

}  // namespace

absl::StatusOr<ModelDescription> ReadModelDescription(const std::filesystem::path& directory) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(directory, error);
  if (!std::filesystem::exists(status)) {
    return absl::NotFoundError(
        absl::StrCat(directory.string(), ": there is no such model directory"));
  }
  if (!std::filesystem::is_directory(status)) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory.string(), ": it is not a folder, and a model directory is one"));
  }
  const std::filesystem::path config = directory / kConfigFile;
  const std::filesystem::path of_run = directory / kModelOfRun;
  if (!std::filesystem::exists(config, error) &&
      std::filesystem::exists(of_run / kConfigFile, error)) {
    return absl::NotFoundError(absl::StrCat(
        directory.string(), ": it is the folder of a run; name its model, ", of_run.string()));
  }
  ASSIGN_OR_RETURN(const std::string text, ReadFile(config));
  ASSIGN_OR_RETURN(ModelDescription description, ParseModelDescription(text), config.string());
  const std::filesystem::path weights = WeightsPath(directory, description);
  if (!std::filesystem::exists(weights, error)) {
    return absl::NotFoundError(
        absl::StrCat(weights.string(), ": the weights are missing (architecture ",
                     description.architecture, ")", OtherWeights(directory)));
  }
  return description;
}

}  // namespace distill
