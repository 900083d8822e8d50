// ModelInputs: what a model is called with.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "common/model_directory/model_directory.h"

namespace distill {

// The inputs of n samples, normalised, by their names.
class ModelInputs {
 public:
  struct Named {
    std::string name;
    at::Tensor tensor;  // [n, …]
  };

  ModelInputs() = default;
  // The input of a model that takes one.
  ModelInputs(at::Tensor only) { Add("", std::move(only)); }  // NOLINT: implicit

  void Add(std::string name, at::Tensor tensor) {
    inputs_.push_back({std::move(name), std::move(tensor)});
  }

  const std::vector<Named>& all() const { return inputs_; }

  // Returns the only input. Throws if there is not exactly one.
  const at::Tensor& only() const {
    TORCH_CHECK(inputs_.size() == 1, "the model takes one input instead of ", inputs_.size());
    return inputs_.front().tensor;
  }

  // bool [n, length], true at the positions that are not padding; undefined for inputs without a
  // variable length.
  at::Tensor mask;

 private:
  std::vector<Named> inputs_;
};

// Returns the inputs of a batch in the type of the data, one tensor [n, …] per input of the
// description, normalised and on `device`, with their mask (common/torch/padding.h). `lengths`,
// int64 [n]: how many positions of each sample are its own; undefined: samples are not padded.
ModelInputs PrepareInputs(const ModelDescription& description, absl::Span<const at::Tensor> inputs,
                          const at::Tensor& lengths, at::Device device);

}  // namespace distill
