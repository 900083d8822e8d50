// Optimises forward passes for inference: turns a model of the zoo, or a TorchScript file, into a
// function of tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/torch/placement.h"
#include "common/zoo/model.h"

namespace distill {

// Maps normalised inputs to the output of the model. Throws like Torch. Several threads may call
// it, in inference mode.
using ForwardFunction = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

// Traces the model in eval mode, folds batch normalisation into convolutions, and runs these with
// oneDNN where Torch can (float32 on the CPU). The model is left in eval mode with parameters that
// take no gradient. `example`: inputs of one sample, in the model's own type and on its device. The
// traced function is checked against the model; if the results differ, the model itself is run
// instead. Returns INTERNAL with Torch's message if the model fails on the example.
absl::StatusOr<ForwardFunction> CompileForInference(std::shared_ptr<Model> model,
                                                    const at::Tensor& example);

struct TorchScriptModel {
  ForwardFunction plain;  // with the operations of the file

  // Makes the same function frozen, and optimised for inference as well if that is asked for. Each
  // call takes the memory of the weights once more. Returns INTERNAL with Torch's message if Torch
  // cannot.
  std::function<absl::StatusOr<ForwardFunction>(bool optimized)> freeze;

  std::vector<std::string> arguments;  // the names of the arguments of forward, without self
  int64_t parameters = 0;
};

// Loads the file in eval mode at `placement`. Loading runs the code of the file, so an operator
// must have named the file. `example`: inputs of one sample on the CPU, with which weights of
// another type than float32 are converted to it. Returns INVALID_ARGUMENT with Torch's message if
// the file is not TorchScript; errors of RunInFloat32.
absl::StatusOr<TorchScriptModel> LoadTorchScript(const std::filesystem::path& path,
                                                 const Placement& placement = {},
                                                 const std::vector<at::Tensor>& example = {});

// Returns OK if `fast` gives on every example what `plain` gives, within what folding rounds.
// Examples are inputs of one batch each; one that `plain` fails on is not compared. LibTorch's
// optimised operations do not support all that the plain ones do. INTERNAL describes the
// difference.
absl::Status CheckAgrees(const ForwardFunction& fast, const ForwardFunction& plain,
                         const std::vector<std::vector<at::Tensor>>& examples);

// Returns a function that passes images (inputs of rank 4) to `forward` in channels_last, which
// makes convolutions outside oneDNN 1.05 to 1.3 times as fast on a CPU, if this leaves its results
// on `example` unchanged bit for bit; otherwise returns `forward` itself.
ForwardFunction PreferChannelsLast(ForwardFunction forward, const at::Tensor& example);

}  // namespace distill
