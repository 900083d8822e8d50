#include "common/model_directory/fingerprint.h"

#include <nlohmann/json.hpp>

#include "absl/strings/string_view.h"
#include "common/base/files.h"
#include "common/base/json_text.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"

namespace distill {

std::string Fingerprint(const ModelDescription& description, const std::string& weights_sha256) {
  // Canonical: keys sorted, no white space, the defaults of absent fields written out.
  nlohmann::json identity = {
      {"format", "distill/1"},
      {"weights_sha256", weights_sha256},
      {"architecture", description.architecture},
      {"arguments", description.arguments},
      {"scale", description.normalization.scale},
      {"mean", description.normalization.mean},
      {"std", description.normalization.std},
      {"class_names", description.class_names},
      {"inputs", nlohmann::json::array()},
  };
  for (const InputSpec& input : description.inputs) {
    identity["inputs"].push_back(
        {{"name", input.name}, {"dtype", Name(input.dtype)}, {"shape", input.shape}});
  }
  if (description.pad_id.has_value()) identity["pad_id"] = *description.pad_id;
  // Logits and logarithms of probabilities give the same answers.
  const OutputForm output = description.output.value_or(OutputForm::kLogits);
  if (output == OutputForm::kProbabilities || output == OutputForm::kSigmoid) {
    identity["output"] = Name(output);
  }
  for (const NamedOutput& named : description.outputs) {
    identity["outputs"].push_back({{"name", named.name}, {"kind", Name(named.kind)}});
  }
  return Sha256Hex(JsonText(identity));
}

absl::StatusOr<std::string> FingerprintOfDirectory(const std::filesystem::path& directory,
                                                   const ModelDescription& description) {
  Sha256 weights;
  RETURN_IF_ERROR(ReadFileInPieces(WeightsPath(directory, description),
                                   [&](absl::string_view piece) { weights.Update(piece); }));
  return Fingerprint(description, weights.HexDigest());
}

}  // namespace distill
