// ModelDescription is what a config.json says of a model, and its text.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/contract/input_spec.h"
#include "common/contract/output_form.h"
#include "common/contract/output_spec.h"

namespace distill {

inline constexpr char kTorchScriptArchitecture[] = "torchscript";

// x = (input / scale - mean) / std, where mean and std have one number per channel (the first
// dimension of the input), or one for all values. If they are empty, x = input / scale for floating
// point and uint8 inputs. Integers of other types are tokens and unchanged, except that int8 inputs
// are numbers if mean and std are given.
struct Normalization {
  double scale = 1;
  std::vector<double> mean;
  std::vector<double> std;

  friend bool operator==(const Normalization&, const Normalization&) = default;
};

// Returns whether mean and std can apply to an input: uint8, int8 or floating point.
bool IsNormalized(const InputSpec& input);

// One output of a TorchScript that gives several tensors, or one that is not logits.
struct NamedOutput {
  std::string name;  // of a dict: its key
  OutputKind kind = OutputKind::kLogits;

  friend bool operator==(const NamedOutput&, const NamedOutput&) = default;
};

struct ModelDescription {
  std::string architecture;                             // a name of the zoo, or "torchscript"
  nlohmann::json arguments = nlohmann::json::object();  // the arguments of the architecture
  std::vector<InputSpec> inputs;
  Normalization normalization;
  std::optional<int64_t> pad_id;                       // if an input has a variable length
  std::vector<std::string> class_names;                // empty if not known
  std::optional<OutputForm> output;                    // of a TorchScript; unset: logits
  std::vector<NamedOutput> outputs;                    // of a TorchScript; empty: logits alone
  nlohmann::json training = nlohmann::json::object();  // how it was made; not part of its identity
};

// Returns what is odd about the normalisation of pixels, with the likely mistake: a mean and a
// deviation of values from 0 to 1 without a scale, or of values up to 255 with one. Empty if nothing
// is.
std::string OddNormalization(const ModelDescription& description);

// Convert to and from the text of config.json ("format": "distill/1"). Equal descriptions give
// equal text, and parsing that text gives the description back. INVALID_ARGUMENT names the field
// that is missing, of the wrong type, unknown or given twice, an unknown format or dtype, a scale
// or std that is not finite and positive, a mean or std that does not match the channels of each
// input it applies to, a dimension that is neither -1 nor positive, an input or class name that
// repeats, a variable length without pad_id, an output where it is logits anyway, and outputs of a
// model of the zoo, with a name that repeats, or where "logits" is not the name of the logits. Only
// format, architecture and inputs are required. Never throws.
absl::StatusOr<ModelDescription> ParseModelDescription(const std::string& json_text);
std::string ToJson(const ModelDescription& description);

}  // namespace distill
