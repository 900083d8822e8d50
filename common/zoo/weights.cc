#include "common/zoo/weights.h"

#include <unordered_set>

#include "common/base/status_macros.h"
#include "common/tensor/mapped_file.h"
#include "common/torch/named_tensors.h"

namespace distill {
namespace {

// Returns parameters and buffers, sharing the memory of the module.
NamedTensors NamedState(const torch::nn::Module& module) {
  NamedTensors state;
  for (const auto& item : module.named_parameters()) state.emplace(item.key(), item.value());
  for (const auto& item : module.named_buffers()) state.emplace(item.key(), item.value());
  return state;
}

}  // namespace

TensorMap StateOf(const torch::nn::Module& module) { return ToHost(NamedState(module)); }

absl::Status LoadState(const TensorMap& state, torch::nn::Module& module) {
  return CopyInto(state, NamedState(module), "the model");
}

absl::Status LoadStateFile(const std::filesystem::path& path, torch::nn::Module& module) {
  ASSIGN_OR_RETURN(const SafetensorsFile file, ReadSafetensors(path));
  return CopyInto(file.tensors, NamedState(module), "the model", ReleasePages);
}

std::vector<NamedParameter> TrainableParameters(const torch::nn::Module& module) {
  std::vector<NamedParameter> trainable;
  std::unordered_set<const at::TensorImpl*> seen;
  for (const auto& item : module.named_parameters()) {
    const at::Tensor& parameter = item.value();
    if (!parameter.requires_grad() || !seen.insert(parameter.unsafeGetTensorImpl()).second) {
      continue;
    }
    trainable.push_back({item.key(), parameter});
  }
  return trainable;
}

int64_t CountParameters(const torch::nn::Module& module) {
  int64_t count = 0;
  for (const at::Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

}  // namespace distill
