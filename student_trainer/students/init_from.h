// --init_from: weights of another model to begin with, as they are handed around.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/model_directory/model_directory.h"
#include "common/model_directory/safetensors.h"
#include "student_trainer/students/trainable_model.h"

namespace distill {

struct SourceWeights {
  TensorMap tensors;
  std::optional<ModelDescription> description;  // where config.json is one of this project's
};

// Reads a safetensors or TorchScript file; or a folder with model.safetensors, the shards that
// model.safetensors.index.json lists, or model.pt. Whether the tensors are those of the described
// architecture does not matter. NOT_FOUND names the files that were looked for; errors of
// ReadSafetensors and ScriptedModel::Load; INVALID_ARGUMENT for an index that is not one.
absl::StatusOr<SourceWeights> ReadSourceWeights(const std::filesystem::path& path);

struct TakenOver {
  TensorMap tensors;               // by the student's names
  std::vector<std::string> fresh;  // the student's others
  std::string prefix;              // that names of the source have and the student's lack
};

// Chooses the tensors of `source` that have the name and shape of one of `student`. Names are
// equal, or equal without the prefixes that wrappers add: "module.", "_orig_mod.", "model.",
// "encoder.", "backbone.".
TakenOver ChooseTensors(const TensorMap& source, const TensorMap& student);

// Copies what fits into the student, whatever its floating point type, and logs what was taken over
// and what is fresh. A student of the zoo also takes the mean and deviation of a source of the same
// channels and type, unless `keep_normalization`; if they stay different, that is logged.
// INVALID_ARGUMENT where nothing fits; errors of ReadSourceWeights.
absl::Status InitFrom(const std::filesystem::path& path, bool keep_normalization,
                      TrainableModel& student);

}  // namespace distill
