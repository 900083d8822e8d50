#include "student_trainer/step/adamw.h"

#include <torch/nn/module.h>

namespace distill {
namespace {

constexpr char kMean[] = "exp_avg";
constexpr char kMeanOfSquares[] = "exp_avg_sq";
constexpr char kCount[] = "step";

}  // namespace

AdamW::AdamW(const torch::nn::Module& module, const AdamWOptions& options)
    : Optimizer(module, options.weight_decay), options_(options) {
  Remember(kMean);
  Remember(kMeanOfSquares);
  RememberCount(kCount);
}

void AdamW::StepGroup(const Group& group, double learning_rate) {
  const std::vector<at::Tensor>& counts = group.memory.at(kCount);
  at::_foreach_add_(counts, 1);  // the kernel wants the count with this step
  at::_fused_adamw_(group.parameters, group.gradients, group.memory.at(kMean),
                    group.memory.at(kMeanOfSquares), /*max_exp_avg_sqs=*/{}, counts, learning_rate,
                    options_.beta1, options_.beta2, group.weight_decay, options_.epsilon,
                    /*amsgrad=*/false, /*maximize=*/false);
}

}  // namespace distill
