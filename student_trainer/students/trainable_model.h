// TrainableModel: a model as it is trained, not as it is made fast for inference (LoadedModel).
#pragma once

#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"
#include "common/model_directory/model_directory.h"
#include "common/model_directory/safetensors.h"
#include "common/zoo/model.h"

namespace distill {

struct TrainableModel {
  std::shared_ptr<Model> model;
  ModelDescription description;
};

// A model directory's, with its weights: of the zoo, or a ScriptedModel. Errors name what is
// missing or does not fit.
absl::StatusOr<TrainableModel> LoadTrainable(const std::filesystem::path& directory);

// A model of the zoo as the description says, with the weights. INVALID_ARGUMENT as CreateModel and
// LoadState.
absl::StatusOr<TrainableModel> MakeTrainable(ModelDescription description,
                                             const TensorMap& weights);

}  // namespace distill
