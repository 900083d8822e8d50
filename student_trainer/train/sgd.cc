#include "student_trainer/train/sgd.h"

#include <torch/torch.h>

#include <utility>

namespace distill {
namespace {

// The gradient in its parameter's layout, which the fused kernel takes for granted. Autograd makes
// it so, but for a gradient that it was given whole by an operator.
at::Tensor GradientLike(const at::Tensor& parameter) {
  const at::Tensor& gradient = parameter.grad();
  if (gradient.strides().equals(parameter.strides())) return gradient;
  return at::empty_like(parameter).copy_(gradient);
}

}  // namespace

Sgd::Sgd(const torch::nn::Module& module, const SgdOptions& options) : momentum_(options.momentum) {
  Group decayed{.weight_decay = options.weight_decay}, kept;
  for (const at::Tensor& parameter : module.parameters()) {
    Group& group = parameter.dim() > 1 ? decayed : kept;
    group.parameters.push_back(parameter);
    group.velocities.push_back(at::zeros_like(parameter));
  }
  groups_ = {std::move(decayed), std::move(kept)};
}

void Sgd::ZeroGrad() {
  for (const Group& group : groups_) {
    for (const at::Tensor& parameter : group.parameters) parameter.mutable_grad().reset();
  }
}

void Sgd::Step(double learning_rate) {
  const torch::NoGradGuard no_grad;
  for (const Group& group : groups_) StepGroup(group, learning_rate);
}

void Sgd::StepGroup(const Group& group, double learning_rate) const {
  std::vector<at::Tensor> parameters, gradients, velocities;
  for (size_t i = 0; i < group.parameters.size(); ++i) {
    if (!group.parameters[i].grad().defined()) continue;
    parameters.push_back(group.parameters[i]);
    gradients.push_back(GradientLike(group.parameters[i]));
    velocities.push_back(group.velocities[i]);
  }
  if (parameters.empty()) return;
  if (momentum_ == 0) velocities.clear();
  // A velocity that begins at 0 is the gradient after the first step, so none is the first.
  at::_fused_sgd_(parameters, gradients, velocities, group.weight_decay, momentum_, learning_rate,
                  /*dampening=*/0, /*nesterov=*/momentum_ > 0, /*maximize=*/false,
                  /*is_first_step=*/false);
}

}  // namespace distill
