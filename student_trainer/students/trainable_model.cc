#include "student_trainer/students/trainable_model.h"

#include <utility>

#include "common/base/status_macros.h"
#include "common/inference/scripted_model.h"
#include "common/zoo/registry.h"
#include "common/zoo/weights.h"

namespace distill {

absl::StatusOr<TrainableModel> LoadTrainable(const std::filesystem::path& directory) {
  ASSIGN_OR_RETURN(ModelDescription description, ReadModelDescription(directory));
  const std::filesystem::path weights = WeightsPath(directory, description);
  if (description.architecture == kTorchScriptArchitecture) {
    ASSIGN_OR_RETURN(std::shared_ptr<Model> script, ScriptedModel::Load(weights));
    return TrainableModel{std::move(script), std::move(description)};
  }
  ASSIGN_OR_RETURN(const SafetensorsFile file, ReadSafetensors(weights));
  return MakeTrainable(std::move(description), file.tensors);
}

absl::StatusOr<TrainableModel> MakeTrainable(ModelDescription description,
                                             const TensorMap& weights) {
  ASSIGN_OR_RETURN(std::shared_ptr<Model> model,
                   CreateModel({description.architecture, description.arguments}));
  RETURN_IF_ERROR(LoadState(weights, *model));
  return TrainableModel{std::move(model), std::move(description)};
}

}  // namespace distill
