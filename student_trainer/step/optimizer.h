// Optimizer: what moves a student's parameters along their gradients.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/torch/named_tensors.h"

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

enum class OptimizerKind { kSgd, kAdamW };

// "sgd", "adamw".
absl::string_view Name(OptimizerKind kind);

// The inverse of Name. INVALID_ARGUMENT, with the names known, for any other.
absl::StatusOr<OptimizerKind> ParseOptimizerKind(absl::string_view name);

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kSgd;
  double weight_decay = 0;  // ≥ 0; not on biases and the parameters of norms
  double momentum = 0.9;    // of SGD; [0, 1)
  double beta1 = 0.9;       // of AdamW; [0, 1)
  double beta2 = 0.999;     // of AdamW; [0, 1)
  double epsilon = 1e-8;    // of AdamW; > 0

  // INVALID_ARGUMENT names the option, the value and what is allowed.
  absl::Status Validate() const;
};

// The options must be valid.
std::unique_ptr<Optimizer> MakeOptimizer(const torch::nn::Module& module,
                                         const OptimizerOptions& options);

}  // namespace distill
