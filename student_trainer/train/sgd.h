// Stochastic gradient descent with Nesterov's momentum, all parameters in one pass over their
// memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace torch::nn {
class Module;
}

namespace distill {

struct SgdOptions {
  double momentum = 0.9;    // [0, 1)
  double weight_decay = 0;  // ≥ 0; not on biases and the parameters of norms, all of one dimension
};

// Not thread-safe. The update is torch.optim.SGD's (dampening 0, nesterov where there is momentum).
class Sgd {
 public:
  // Of the parameters that the module has now, in the memory layout that they have now.
  Sgd(const torch::nn::Module& module, const SgdOptions& options);

  // Forgets the gradients.
  void ZeroGrad();

  // One step along the gradients; a parameter without one stays as it is.
  void Step(double learning_rate);

 private:
  struct Group {
    std::vector<at::Tensor> parameters;
    std::vector<at::Tensor> velocities;  // one a parameter; at first 0
    double weight_decay = 0;
  };

  void StepGroup(const Group& group, double learning_rate) const;

  const double momentum_;
  std::vector<Group> groups_;
};

}  // namespace distill
