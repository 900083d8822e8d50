// Optimizer: what moves a student's parameters along their gradients.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/torch/named_tensors.h"
#include "student_trainer/step/optimizer_options.h"

namespace torch::nn {
class Module;
}

namespace distill {

// Not thread-safe. It holds the module's own parameters, and must be made after they got their
// device and memory layout; the module may go before it.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // Forgets the gradients.
  void ZeroGrad();

  // One step along the gradients; a parameter without one stays as it is.
  void Step(double learning_rate);

  // Those that are trained.
  std::vector<at::Tensor> parameters() const;

  // All that Step remembers, as "exp_avg.features.0.weight": the name of torch.optim's state, then
  // the parameter's. Writing these through CopyInto continues another optimizer's run bit by bit.
  NamedTensors tensors() const;

 protected:
  // Parameters that are updated in one pass, with all that belongs to them in the same order.
  struct Group {
    double weight_decay = 0;
    std::vector<std::string> names;
    std::vector<at::Tensor> parameters;
    std::vector<at::Tensor> gradients;                      // filled for StepGroup alone
    std::map<std::string, std::vector<at::Tensor>> memory;  // by name of the state
  };

  // Of the parameters of `module` that take gradients. Those of one dimension, biases and the
  // parameters of norms, do not decay.
  Optimizer(const torch::nn::Module& module, double weight_decay);

  // Remembers zeros like each parameter under this name.
  void Remember(const std::string& name);
  // Remembers a step count of each parameter under this name: float32 scalars, from 0.
  void RememberCount(const std::string& name);

 private:
  // Updates all parameters of the group, each of which has a gradient in its own layout.
  virtual void StepGroup(const Group& group, double learning_rate) = 0;

  std::vector<Group> groups_;  // decayed, not decayed
};

// The options must be valid.
std::unique_ptr<Optimizer> MakeOptimizer(const torch::nn::Module& module,
                                         const OptimizerOptions& options);

}  // namespace distill
