#include "student_trainer/students/ship.h"

#include <ATen/ATen.h>

#include "common/base/status_macros.h"
#include "common/inference/torchscript_export.h"
#include "student_trainer/students/trainable_model.h"

namespace distill {

absl::Status AddTorchScript(const std::filesystem::path& directory) {
  ASSIGN_OR_RETURN(const ModelDescription description, ReadModelDescription(directory));
  if (description.architecture == kTorchScriptArchitecture) return absl::OkStatus();
  ASSIGN_OR_RETURN(const TrainableModel loaded, LoadTrainable(directory));
  Shape shape = description.inputs[0].shape;
  shape.insert(shape.begin(), 1);
  return ExportTorchScript(*loaded.model, torch::zeros(shape), directory / kTorchScriptFile);
}

}  // namespace distill
