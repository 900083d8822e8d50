// Stochastic gradient descent with Nesterov's momentum, all parameters in one pass over their
// memory.
#pragma once

#include "student_trainer/step/optimizer.h"

namespace distill {

struct SgdOptions {
  double momentum = 0.9;    // [0, 1)
  double weight_decay = 0;  // ≥ 0; not on biases and the parameters of norms, all of one dimension
};

// The update is torch.optim.SGD's (dampening 0, nesterov where there is momentum). Its state is the
// "momentum_buffer" of each parameter, none without momentum.
class Sgd : public Optimizer {
 public:
  Sgd(const torch::nn::Module& module, const SgdOptions& options);

 private:
  void StepGroup(const Group& group, double learning_rate) override;

  const double momentum_;
};

}  // namespace distill
