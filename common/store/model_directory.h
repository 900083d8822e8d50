// The model directory: what a trainer writes and a server serves. This header is about config.json;
// the weights beside it are model.safetensors, or model.pt for a user's TorchScript.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/tensor/input_spec.h"

namespace distill {

inline constexpr char kConfigFile[] = "config.json";
inline constexpr char kWeightsFile[] = "model.safetensors";
inline constexpr char kTorchScriptFile[] = "model.pt";
inline constexpr char kTorchScriptArchitecture[] = "torchscript";

// x = (input / scale - mean) / std, by channel (the input's first dimension). Empty mean and std:
// x = input / scale for floating point and uint8 inputs; integers of other types are not touched.
struct Normalization {
  double scale = 1;
  std::vector<double> mean;
  std::vector<double> std;

  friend bool operator==(const Normalization&, const Normalization&) = default;
};

struct ModelDescription {
  std::string architecture;                             // a name of the zoo, or "torchscript"
  nlohmann::json arguments = nlohmann::json::object();  // what the architecture is made with
  std::vector<InputSpec> inputs;
  Normalization normalization;
  std::optional<int64_t> pad_id;         // where an input has a variable length
  std::vector<std::string> class_names;  // may be empty: not known
  nlohmann::json training =
      nlohmann::json::object();  // how it came to be; not part of its identity
};

// The file that holds the weights: model.pt for TorchScript, else model.safetensors.
std::filesystem::path WeightsPath(const std::filesystem::path& directory,
                                  const ModelDescription& description);

// From config.json's text and to it ("format": "distill/1"); equal descriptions give equal text,
// and parsing it gives the description back. INVALID_ARGUMENT names the field: one that is missing
// or of the wrong type, unknown, given twice, an unknown format or dtype, scale or std that is not
// finite and positive, mean and std that do not match the channels of each input they apply to, a
// dimension that is neither -1 nor positive, an input or class name that repeats, a variable length
// without pad_id. Only format, architecture and inputs must be there. Never throws.
absl::StatusOr<ModelDescription> ParseModelDescription(const std::string& json_text);
std::string ToJson(const ModelDescription& description);

// Reads DIRECTORY/config.json and checks that the weights' file is there. The error names the
// directory and what is missing or wrong: NOT_FOUND, FAILED_PRECONDITION or INVALID_ARGUMENT.
absl::StatusOr<ModelDescription> ReadModelDescription(const std::filesystem::path& directory);

}  // namespace distill
