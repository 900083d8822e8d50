// Converts the parameters and buffers of a module to a TensorMap with the names of PyTorch state
// dicts, and back.
#pragma once

#include <torch/nn/module.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/model_directory/safetensors.h"

namespace distill {

// Shares the memory of a module on the CPU: copy or write the result before the next step.
TensorMap StateOf(const torch::nn::Module& module);

// Copies every tensor into the module. INVALID_ARGUMENT lists the tensors that are missing,
// unexpected, or of another shape; the module is then unchanged. num_batches_tracked may be
// missing.
absl::Status LoadState(const TensorMap& state, torch::nn::Module& module);

// As LoadState with the tensors of a safetensors file, whose errors it returns. The file is in
// memory a few mebibytes at a time.
absl::Status LoadStateFile(const std::filesystem::path& path, torch::nn::Module& module);

struct NamedParameter {
  std::string name;
  at::Tensor tensor;  // the tensor of the module
};

// Returns the parameters that take gradients, in the order of the module. A parameter with several
// names (tied weights) is listed once, under the first name.
std::vector<NamedParameter> TrainableParameters(const torch::nn::Module& module);

// Returns the number of elements of all parameters (buffers are not counted).
int64_t CountParameters(const torch::nn::Module& module);

}  // namespace distill
