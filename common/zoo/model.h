// Model is the interface of every architecture of the zoo.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>

#include <memory>

namespace distill {

// What a model computes for n samples.
struct ModelOutput {
  at::Tensor logits;    // [n, classes], or [n, length, classes] for sequences
  at::Tensor features;  // [n, width]: the pooled vector before the classifier; undefined if none
};

// Not thread-safe while training; forward in eval mode may be called from several threads.
class Model : public torch::nn::Module {
 public:
  // x: normalised inputs, float [n, …]. May throw c10::Error, like all of Torch.
  virtual ModelOutput Compute(const at::Tensor& x) = 0;
  at::Tensor Forward(const at::Tensor& x) { return Compute(x).logits; }

  // Returns the layer that makes the logits of the features in eval mode; null if the model has
  // none. It is a submodule.
  virtual std::shared_ptr<torch::nn::LinearImpl> Head() const { return nullptr; }
};

}  // namespace distill
