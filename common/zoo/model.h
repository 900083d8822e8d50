// Model is the interface of every architecture of the zoo.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>

#include <memory>

#include "common/zoo/model_inputs.h"

namespace distill {

// What a model computes for n samples.
struct ModelOutput {
  at::Tensor logits;    // [n, classes], or [n, length, classes] for sequences
  at::Tensor features;  // [n, width]: the pooled vector before the classifier; undefined if none
};

// Not thread-safe while training; forward in eval mode may be called from several threads.
class Model : public torch::nn::Module {
 public:
  // May throw c10::Error, like all of Torch.
  virtual ModelOutput Compute(const ModelInputs& inputs) = 0;
  at::Tensor Forward(const ModelInputs& inputs) { return Compute(inputs).logits; }

  // Returns whether the model uses the mask of samples that are padded. `inputs`: how many it
  // takes. Samples of a model that does not are never padded, except in training.
  virtual bool TakesMask(size_t /*inputs*/) const { return false; }

  // Returns the layer that makes the logits of the features in eval mode; null if the model has
  // none. It is a submodule.
  virtual std::shared_ptr<torch::nn::LinearImpl> Head() const { return nullptr; }
};

// A model of one input.
class OneInputModel : public Model {
 public:
  // x: normalised, float [n, …].
  virtual ModelOutput Compute(const at::Tensor& x) = 0;
  ModelOutput Compute(const ModelInputs& inputs) final { return Compute(inputs.only()); }
};

}  // namespace distill
