#include "student_trainer/evaluation/student_logits.h"

#include <ATen/ATen.h>

#include <vector>

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

bool TakesOneSampleAlone(const LoadedModel& model) {
  return model.Logits(model.ExampleInputs(1)).ok() && !model.Logits(model.ExampleInputs(2)).ok();
}

LogitsFunction LogitsOfLoaded(const LoadedModel& model) {
  return [&model, alone = TakesOneSampleAlone(model)](
             const HostTensor& inputs) -> absl::StatusOr<at::Tensor> {
    const at::Tensor batch = ToTorch(inputs);
    std::vector<at::Tensor> rows;  // [rows, classes] each
    const int64_t step = alone ? 1 : batch.size(0);
    for (int64_t first = 0; first < batch.size(0); first += step) {
      ASSIGN_OR_RETURN(const at::Tensor own, model.Logits({batch.narrow(0, first, step)}));
      rows.push_back(own.flatten(0, -2));
    }
    return rows.size() == 1 ? rows[0] : at::cat(rows);
  };
}

}  // namespace distill
