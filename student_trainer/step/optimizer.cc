#include "student_trainer/step/optimizer.h"

#include <torch/nn/module.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/zoo/weights.h"
#include "student_trainer/step/adamw.h"
#include "student_trainer/step/sgd.h"

namespace distill {
namespace {

// The gradient in its parameter's layout, which the fused kernels assume. Autograd makes it so,
// except for a gradient that an operator gave it whole.
at::Tensor GradientLike(const at::Tensor& parameter) {
  const at::Tensor& gradient = parameter.grad();
  if (gradient.strides().equals(parameter.strides())) return gradient;
  return at::empty_like(parameter).copy_(gradient);
}

}  // namespace

Optimizer::Optimizer(const torch::nn::Module& module, double weight_decay) {
  Group decayed{.weight_decay = weight_decay}, kept;
  for (NamedParameter& parameter : TrainableParameters(module)) {
    Group& group = parameter.tensor.dim() > 1 ? decayed : kept;
    group.names.push_back(std::move(parameter.name));
    group.parameters.push_back(std::move(parameter.tensor));
  }
  groups_ = {std::move(decayed), std::move(kept)};
}

void Optimizer::Remember(const std::string& name) {
  for (Group& group : groups_) {
    std::vector<at::Tensor>& memory = group.memory[name];
    for (const at::Tensor& parameter : group.parameters) {
      memory.push_back(at::zeros_like(parameter));
    }
  }
}

void Optimizer::RememberCount(const std::string& name) {
  for (Group& group : groups_) {
    std::vector<at::Tensor>& memory = group.memory[name];
    for (const at::Tensor& parameter : group.parameters) {
      memory.push_back(at::zeros({}, parameter.options().dtype(at::kFloat)));
    }
  }
}

void Optimizer::ZeroGrad() {
  for (const Group& group : groups_) {
    for (const at::Tensor& parameter : group.parameters) parameter.mutable_grad().reset();
  }
}

void Optimizer::Step(double learning_rate) {
  const at::NoGradGuard no_grad;
  for (const Group& group : groups_) {
    Group moved{.weight_decay = group.weight_decay};
    for (size_t i = 0; i < group.parameters.size(); ++i) {
      if (!group.parameters[i].grad().defined()) continue;
      moved.names.push_back(group.names[i]);
      moved.parameters.push_back(group.parameters[i]);
      moved.gradients.push_back(GradientLike(group.parameters[i]));
      for (const auto& [name, memory] : group.memory) moved.memory[name].push_back(memory[i]);
    }
    if (!moved.parameters.empty()) StepGroup(moved, learning_rate);
  }
}

std::vector<at::Tensor> Optimizer::parameters() const {
  std::vector<at::Tensor> all;
  for (const Group& group : groups_) {
    all.insert(all.end(), group.parameters.begin(), group.parameters.end());
  }
  return all;
}

NamedTensors Optimizer::tensors() const {
  NamedTensors all;
  for (const Group& group : groups_) {
    for (const auto& [name, memory] : group.memory) {
      for (size_t i = 0; i < memory.size(); ++i) {
        all.emplace(absl::StrCat(name, ".", group.names[i]), memory[i]);
      }
    }
  }
  return all;
}

absl::string_view Name(OptimizerKind kind) { return kind == OptimizerKind::kSgd ? "sgd" : "adamw"; }

absl::StatusOr<OptimizerKind> ParseOptimizerKind(absl::string_view name) {
  for (const OptimizerKind kind : {OptimizerKind::kSgd, OptimizerKind::kAdamW}) {
    if (Name(kind) == name) return kind;
  }
  return CheckOneOf("optimizer", name, {"sgd", "adamw"});
}

absl::Status OptimizerOptions::Validate() const {
  RETURN_IF_ERROR(CheckAtLeast("weight_decay", weight_decay, 0));
  RETURN_IF_ERROR(CheckInHalfOpenRange("momentum", momentum, 0, 1));
  RETURN_IF_ERROR(CheckInHalfOpenRange("beta1", beta1, 0, 1));
  RETURN_IF_ERROR(CheckInHalfOpenRange("beta2", beta2, 0, 1));
  return CheckMoreThan("epsilon", epsilon, 0);
}

std::unique_ptr<Optimizer> MakeOptimizer(const torch::nn::Module& module,
                                         const OptimizerOptions& options) {
  if (options.kind == OptimizerKind::kAdamW) {
    return std::make_unique<AdamW>(module, AdamWOptions{.beta1 = options.beta1,
                                                        .beta2 = options.beta2,
                                                        .epsilon = options.epsilon,
                                                        .weight_decay = options.weight_decay});
  }
  return std::make_unique<Sgd>(
      module, SgdOptions{.momentum = options.momentum, .weight_decay = options.weight_decay});
}

}  // namespace distill
