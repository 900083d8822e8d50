// ScriptedModel: a user's own architecture, a TorchScript module, that is trained as those of the
// zoo are.
#pragma once

#include <torch/script.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/models/model.h"

namespace distill {

// Its submodules, parameters and buffers have the script's names and are the script's own tensors,
// so that optimizers, weights.h, to() and train() work on the script itself. It is never frozen,
// and its operations run one by one: the graph executor would compile them, time and again, for a
// gain that training does not see.
//
// The script must have been saved whole: where Python traced or froze it in eval mode, dropout and
// batch norms stay so.
class ScriptedModel : public Model {
 public:
  // On the CPU. Loading runs the file's code: an operator must have named it. INVALID_ARGUMENT with
  // Torch's message if the file is no TorchScript with a forward method; FAILED_PRECONDITION if it
  // has no parameters that take gradients, as a frozen one.
  static absl::StatusOr<std::shared_ptr<ScriptedModel>> Load(const std::filesystem::path& path);

  // Throws if the script does not give one tensor.
  at::Tensor Forward(const at::Tensor& x) override;

  void train(bool on = true) override;

  // Writes the script with its present weights, in eval mode, atomically. Errors of
  // WriteFileAtomically; INTERNAL with Torch's message if the script cannot be written.
  absl::Status Save(const std::filesystem::path& path) const;

 private:
  // A buffer, and where the script keeps it.
  struct Buffer {
    torch::jit::Module owner;
    std::string name;
    at::Tensor tensor;
  };

  explicit ScriptedModel(torch::jit::Module script);

  // Registers the script's tensors with `own`.
  void Mirror(const torch::jit::Module& script, torch::nn::Module& own);

  // Where the script assigned a new tensor to a buffer, puts its value into the registered one.
  void KeepBuffers();

  torch::jit::Module script_;
  std::vector<Buffer> script_buffers_;
};

}  // namespace distill
