// AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, arXiv:1711.05101),
// all parameters in one pass over their memory.
#pragma once

#include "student_trainer/step/optimizer.h"

namespace distill {

// torch.optim.AdamW's defaults.
struct AdamWOptions {
  double beta1 = 0.9;          // [0, 1)
  double beta2 = 0.999;        // [0, 1)
  double epsilon = 1e-8;       // > 0
  double weight_decay = 0.01;  // ≥ 0; not on biases and the parameters of norms
};

// The update is torch.optim.AdamW's. Its state is "exp_avg", "exp_avg_sq" and "step", how often it
// moved, of each parameter.
class AdamW : public Optimizer {
 public:
  AdamW(const torch::nn::Module& module, const AdamWOptions& options);

 private:
  void StepGroup(const Group& group, double learning_rate) override;

  const AdamWOptions options_;
};

}  // namespace distill
