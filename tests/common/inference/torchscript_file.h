// Writes TorchScript files for tests.
#pragma once

#include <torch/script.h>

#include <filesystem>
#include <string>

namespace distill::testing {

// Writes a module with a parameter `weight` [4, 3] of 0, 1, … 11 and a forward method with this
// source.
inline void WriteTorchScript(const std::filesystem::path& path, const std::string& forward) {
  torch::jit::Module module("Test");
  module.register_parameter("weight", at::arange(12, at::kFloat).view({4, 3}),
                            /*is_buffer=*/false);
  module.define(forward);
  module.save(path.string());
}

}  // namespace distill::testing
