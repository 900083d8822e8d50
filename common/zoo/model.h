// Model is the interface of every architecture of the zoo.
#pragma once

#include <torch/nn/module.h>

namespace distill {

// Not thread-safe while training; forward in eval mode may be called from several threads.
class Model : public torch::nn::Module {
 public:
  // x: normalised inputs, float [n, …]. Returns logits [n, classes], or [n, length, classes] for
  // sequences. May throw c10::Error, like all of Torch.
  virtual at::Tensor Forward(const at::Tensor& x) = 0;
};

}  // namespace distill
