// A TorchScript file as a function of tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/inference/inference.h"
#include "common/torch/placement.h"

namespace distill {

struct TorchScriptModel {
  ForwardFunction plain;  // with the operations of the file

  // Makes the same function frozen, and optimised for inference as well if that is asked for. Takes
  // the weights, so that they are in memory once: it can be called once, and `plain` not any more.
  // Returns INTERNAL with Torch's message if Torch cannot.
  std::function<absl::StatusOr<ForwardFunction>(bool optimized)> freeze;

  std::vector<std::string> arguments;  // the names of the arguments of forward, without self
  int64_t parameters = 0;
};

// Loads the file in eval mode at `placement`. Loading runs the code of the file, so an operator
// must have named the file. `outputs`: the names of the tensors that forward gives, the keys of a
// dict, or in the order of a tuple or a list; if empty, it must give one tensor. The functions
// throw if it gives something else, and say what. `example`: inputs of one sample on the CPU, with
// which weights of another type than float32 are converted to it. Returns INVALID_ARGUMENT with
// Torch's message if the file is not TorchScript; errors of RunInFloat32.
absl::StatusOr<TorchScriptModel> LoadTorchScript(const std::filesystem::path& path,
                                                 const Placement& placement = {},
                                                 const std::vector<at::Tensor>& example = {},
                                                 const std::vector<std::string>& outputs = {});

}  // namespace distill
