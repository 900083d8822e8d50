#include "student_trainer/evaluation/student_logits.h"

#include <ATen/ATen.h>

#include "common/base/status_macros.h"
#include "common/torch/host_tensors.h"
#include "common/torch/normalize.h"
#include "common/torch/torch_errors.h"

namespace distill {

LogitsFunction LogitsOf(Model& model, const ModelDescription& description, at::Device device) {
  return [&model, &description, device](const HostTensor& inputs) -> absl::StatusOr<at::Tensor> {
    at::Tensor logits;
    const absl::Status ran = CatchTorch([&] {
      model.eval();
      logits = model.Forward(Normalize(ToTorch(inputs).to(device), description.normalization))
                   .to(at::kCPU, at::kFloat);
    });
    RETURN_IF_ERROR(ran, "the student failed");
    return logits;
  };
}

LogitsFunction LogitsOfLoaded(const LoadedModel& model) {
  return [&model](const HostTensor& inputs) -> absl::StatusOr<at::Tensor> {
    ASSIGN_OR_RETURN(const at::Tensor own, model.Logits({ToTorch(inputs)}));
    return own.flatten(0, -2);  // [rows, classes]
  };
}

}  // namespace distill
