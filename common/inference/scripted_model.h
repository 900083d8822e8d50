// ScriptedModel is an architecture of the user, a TorchScript module, that is trained like those of
// the zoo.
#pragma once

#include <torch/script.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/zoo/model.h"

namespace distill {

// Its submodules, parameters and buffers have the names of the script and are the tensors of the
// script, so that optimizers, weights.h, to() and train() work on the script itself. It is never
// frozen, and its operations run one by one: the graph executor would compile them repeatedly, for
// a gain that does not show in training.
//
// The script must have been saved unfrozen: if Python traced or froze it in eval mode, dropout and
// batch norms stay in eval mode.
class ScriptedModel : public Model {
 public:
  // Loads the script on the CPU. Loading runs the code of the file, so an operator must have named
  // the file. `example`, a batch, one tensor per argument: weights of another type are converted to
  // float32 (RunInFloat32).
  // Returns INVALID_ARGUMENT with Torch's message if the file is not TorchScript with a forward
  // method; FAILED_PRECONDITION if it has no parameters that take gradients, as in a frozen script.
  static absl::StatusOr<std::shared_ptr<ScriptedModel>> Load(
      const std::filesystem::path& path, const std::vector<at::Tensor>& example = {});

  // Calls forward with the inputs in their order, and with the mask if it has an argument for one:
  // the argument after the inputs, with "mask" in its name. Throws if the script does not return
  // one tensor.
  ModelOutput Compute(const ModelInputs& inputs) override;

  bool TakesMask(size_t inputs) const override;

  void train(bool on = true) override;

  // Writes the script with its current weights, in eval mode, atomically. Errors are those of
  // WriteFileAtomically; INTERNAL with Torch's message if the script cannot be written.
  absl::Status Save(const std::filesystem::path& path) const;

 private:
  // A buffer, and its place in the script.
  struct Buffer {
    torch::jit::Module owner;
    std::string name;
    at::Tensor tensor;
  };

  explicit ScriptedModel(torch::jit::Module script);

  // Registers the script's tensors with `own`.
  void Mirror(const torch::jit::Module& script, torch::nn::Module& own);

  // If the script has assigned a new tensor to a buffer, copies its value into the registered one.
  void KeepBuffers();

  torch::jit::Module script_;
  std::vector<Buffer> script_buffers_;
  std::vector<std::string> arguments_;  // of forward, without self
};

}  // namespace distill
