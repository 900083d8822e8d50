// The weights that a frozen graph holds as constants, and how they stay in memory once while the
// graph is optimised.
#pragma once

#include <ATen/record_function.h>
#include <torch/script.h>

namespace distill {

// While it exists, this thread's passes over the graph give up each weight as soon as they have
// made another one of it: folding multiplies it, oneDNN reorders it. Otherwise the graph holds all
// weights twice until the end of the pass. Weights that are used more than once stay, and so do
// small ones. One at a time per thread; the graph must outlive it.
class WeightRelease {
 public:
  explicit WeightRelease(torch::jit::Graph& graph);
  ~WeightRelease();
  WeightRelease(const WeightRelease&) = delete;
  WeightRelease& operator=(const WeightRelease&) = delete;

 private:
  at::CallbackHandle handle_;
};

// Returns a frozen module as it is once it has been saved and loaded: it does not refer to
// functions that freezing has removed, of which LibTorch may crash while it describes an error. The
// large constants of its forward are not copied, and `frozen` cannot be used any more. Throws like
// Torch.
torch::jit::Module Reloaded(const torch::jit::Module& frozen, at::Device device);

}  // namespace distill
