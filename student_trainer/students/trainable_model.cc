#include "student_trainer/students/trainable_model.h"

#include <ATen/ATen.h>

#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/inference/scripted_model.h"
#include "common/zoo/registry.h"
#include "common/zoo/weights.h"

namespace distill {
namespace {

constexpr int64_t kExampleLength = 8;  // of variable lengths

// One sample of zeros.
std::vector<at::Tensor> ExampleOf(const ModelDescription& description) {
  std::vector<at::Tensor> example;
  for (const InputSpec& input : description.inputs) {
    Shape shape = {1};
    for (const int64_t size : input.shape) shape.push_back(size == -1 ? kExampleLength : size);
    example.push_back(at::zeros(shape, IsNormalized(input) ? at::kFloat : at::kLong));
  }
  return example;
}

}  // namespace

absl::StatusOr<TrainableModel> LoadTrainable(const std::filesystem::path& directory) {
  ASSIGN_OR_RETURN(ModelDescription description, ReadModelDescription(directory));
  const std::filesystem::path weights = WeightsPath(directory, description);
  if (description.architecture == kTorchScriptArchitecture) {
    ASSIGN_OR_RETURN(std::shared_ptr<Model> script,
                     ScriptedModel::Load(weights, ExampleOf(description)));
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
