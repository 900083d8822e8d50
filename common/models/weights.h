// A module's parameters and buffers as a TensorMap, by the names that PyTorch's state dicts use.
#pragma once

#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/store/safetensors.h"

namespace distill {

// Shares the memory where the module lies on the CPU: copy or write it before the next step.
TensorMap StateOf(const torch::nn::Module& module);

// Copies every tensor into the module. INVALID_ARGUMENT lists what is missing, left over, or of
// another shape; the module is then unchanged. num_batches_tracked may be missing.
absl::Status LoadState(const TensorMap& state, torch::nn::Module& module);

struct NamedParameter {
  std::string name;
  at::Tensor tensor;  // the module's own
};

// The parameters that take gradients, in the module's order. One that has several names (tied
// weights) is there once, by the first.
std::vector<NamedParameter> TrainableParameters(const torch::nn::Module& module);

// Elements of all parameters (buffers not counted).
int64_t CountParameters(const torch::nn::Module& module);

}  // namespace distill
