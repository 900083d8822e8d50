// Optimises forward passes for inference: turns a model of the zoo into a function of tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/zoo/model.h"

namespace distill {

// Maps normalised inputs to the outputs of the model, at least one. Throws like Torch. Several
// threads may call it, in inference mode.
using ForwardFunction = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>&)>;

// A linear layer: features [n, width] → logits [n, classes].
struct LinearHead {
  at::Tensor weight;  // [classes, width]; undefined if there is no head
  at::Tensor bias;    // [classes]

  bool defined() const { return weight.defined(); }
  at::Tensor LogitsOf(const at::Tensor& features) const;  // throws like Torch
};

// A model of the zoo as functions of tensors. With a head, `forward` gives the features alone, and
// the head makes logits of as many of them as are wanted at once. Otherwise it gives the logits,
// and then the features if the model has any.
struct CompiledModel {
  ForwardFunction forward;
  LinearHead head;
};

// Returns a model that nothing else uses, the same each time.
using ModelLoader = std::function<absl::StatusOr<std::shared_ptr<Model>>()>;

// Traces the model in eval mode, folds batch normalisation into convolutions, and runs these with
// oneDNN where Torch can (float32 on the CPU). The weights are in memory once meanwhile, except
// for the largest of them. `example`: inputs of one sample, in the model's own type and on its
// device. The traced function is checked against the model; if the results differ, the model is
// loaded again and run itself. Returns the errors of `load`, and INTERNAL with Torch's message if
// the model fails on the example.
absl::StatusOr<CompiledModel> CompileForInference(const ModelLoader& load,
                                                  const at::Tensor& example);

// Returns OK if `fast` gives on every example what is expected, within what folding rounds.
// Examples are inputs of one batch each; one whose expected outputs are none is not compared.
// LibTorch's optimised operations do not support all that the plain ones do. INTERNAL describes the
// difference.
absl::Status CheckAgrees(const ForwardFunction& fast,
                         const std::vector<std::vector<at::Tensor>>& examples,
                         const std::vector<std::vector<at::Tensor>>& expected);

// Returns a function that passes images (inputs of rank 4) to `forward` in channels_last, which
// makes convolutions outside oneDNN 1.05 to 1.3 times as fast on a CPU, if this leaves its results
// on `example` unchanged bit for bit; otherwise returns `forward` itself.
ForwardFunction PreferChannelsLast(ForwardFunction forward, const at::Tensor& example);

}  // namespace distill
