#include "student_trainer/step/sgd.h"

#include <torch/nn/module.h>

namespace distill {
namespace {

constexpr char kVelocity[] = "momentum_buffer";

}  // namespace

Sgd::Sgd(const torch::nn::Module& module, const SgdOptions& options)
    : Optimizer(module, options.weight_decay), momentum_(options.momentum) {
  if (momentum_ > 0) Remember(kVelocity);
}

void Sgd::StepGroup(const Group& group, double learning_rate) {
  std::vector<at::Tensor> velocities;
  if (momentum_ > 0) velocities = group.memory.at(kVelocity);
  // A velocity that begins at 0 is the gradient after the first step, so none is the first.
  at::_fused_sgd_(group.parameters, group.gradients, velocities, group.weight_decay, momentum_,
                  learning_rate, /*dampening=*/0, /*nesterov=*/momentum_ > 0, /*maximize=*/false,
                  /*is_first_step=*/false);
}

}  // namespace distill
