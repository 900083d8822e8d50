#include "common/zoo/model_inputs.h"

#include <ATen/ATen.h>

#include "common/torch/normalize.h"
#include "common/torch/padding.h"

namespace distill {

ModelInputs PrepareInputs(const ModelDescription& description, absl::Span<const at::Tensor> inputs,
                          const at::Tensor& lengths, at::Device device) {
  TORCH_CHECK(inputs.size() == description.inputs.size(), "the model takes ",
              description.inputs.size(), " inputs instead of ", inputs.size());
  ModelInputs prepared;
  std::vector<at::Tensor> tensors;
  for (size_t i = 0; i < inputs.size(); ++i) {
    tensors.push_back(Normalize(inputs[i].to(device), description.normalization));
    prepared.Add(description.inputs[i].name, tensors.back());
  }
  prepared.mask = InputMask(description.inputs, description.pad_id.value_or(0), tensors, lengths);
  return prepared;
}

}  // namespace distill
