#include "common/models/weights.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/models/host_tensors.h"
#include "common/models/torch_errors.h"

namespace distill {
namespace {

// Parameters and buffers, sharing the module's memory.
std::map<std::string, at::Tensor> NamedState(const torch::nn::Module& module) {
  std::map<std::string, at::Tensor> state;
  for (const auto& item : module.named_parameters()) state.emplace(item.key(), item.value());
  for (const auto& item : module.named_buffers()) state.emplace(item.key(), item.value());
  return state;
}

// What counts a BatchNorm's batches; no forward pass reads it in eval mode.
bool MayBeMissing(const std::string& name) { return absl::EndsWith(name, "num_batches_tracked"); }

}  // namespace

TensorMap StateOf(const torch::nn::Module& module) {
  TensorMap state;
  for (const auto& [name, tensor] : NamedState(module)) state.emplace(name, FromTorch(tensor));
  return state;
}

absl::Status LoadState(const TensorMap& state, torch::nn::Module& module) {
  std::map<std::string, at::Tensor> own = NamedState(module);
  std::vector<std::string> problems;
  for (const auto& [name, tensor] : own) {
    const auto found = state.find(name);
    if (found == state.end()) {
      if (!MayBeMissing(name)) problems.push_back(absl::StrCat(name, " is missing"));
    } else if (tensor.sizes() != at::IntArrayRef(found->second.shape)) {
      problems.push_back(absl::StrCat(name, " has shape ", ToString(found->second.shape),
                                      " instead of ", ToString(tensor.sizes().vec())));
    } else if (const absl::Status valid = found->second.Validate(); !valid.ok()) {
      problems.push_back(absl::StrCat(name, ": ", valid.message()));
    }
  }
  for (const auto& [name, tensor] : state) {
    if (!own.contains(name)) problems.push_back(absl::StrCat(name, " is left over"));
  }
  if (!problems.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the weights do not fit the model: ", absl::StrJoin(problems, "; ")));
  }
  return CatchTorch([&] {
    const torch::NoGradGuard no_grad;
    for (auto& [name, tensor] : own) {
      const auto found = state.find(name);
      if (found != state.end()) tensor.copy_(ToTorch(found->second));
    }
  });
}

int64_t CountParameters(const torch::nn::Module& module) {
  int64_t count = 0;
  for (const at::Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

}  // namespace distill
