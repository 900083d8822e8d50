// Forward passes made fast for inference on the CPU: turns a model of the zoo, or a TorchScript
// file, into a function of tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/models/model.h"

namespace distill {

// Normalised inputs → the model's output. Throws as Torch does. One thread at a time; call it in
// inference mode.
using ForwardFunction = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

// Traces the model in eval mode, folds batch normalisation into convolutions, and runs these with
// oneDNN where Torch can. The model is left in eval mode with parameters that take no gradient.
// `example`: inputs of one sample. What was traced is checked against the model; where they differ,
// the model itself is what runs. INTERNAL with Torch's message if the model fails on the example.
absl::StatusOr<ForwardFunction> CompileForInference(std::shared_ptr<Model> model,
                                                    const at::Tensor& example);

struct TorchScriptModel {
  ForwardFunction forward;
  int64_t parameters = 0;
};

// In eval mode, on the CPU, frozen where Torch can. Loading runs the file's code: an operator must
// have named it. INVALID_ARGUMENT with Torch's message if the file is no TorchScript.
absl::StatusOr<TorchScriptModel> LoadTorchScript(const std::filesystem::path& path);

}  // namespace distill
