#include "student_trainer/step/ema.h"

#include <torch/nn/module.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/zoo/weights.h"

namespace distill {

Ema::Ema(const torch::nn::Module& module, double decay)
    : decay_(decay), updates_(at::zeros({}, at::kLong)) {
  for (NamedParameter& parameter : TrainableParameters(module)) {
    averages_.push_back(parameter.tensor.detach().clone());
    parameters_.push_back(std::move(parameter.tensor));
    names_.push_back(std::move(parameter.name));
  }
}

void Ema::Update() {
  const at::NoGradGuard no_grad;
  const auto t = updates_.item<double>();
  const double decay = std::min(decay_, (1 + t) / (10 + t));
  at::_foreach_lerp_(averages_, parameters_, 1 - decay);
  updates_.add_(1);
}

NamedTensors Ema::tensors() const {
  NamedTensors all = {{"updates", updates_}};
  for (size_t i = 0; i < names_.size(); ++i) {
    all.emplace(absl::StrCat("average.", names_[i]), averages_[i]);
  }
  return all;
}

void Ema::Swap() {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const at::Tensor trained = parameters_[i].variable_data();  // the same memory
    parameters_[i].set_data(averages_[i].variable_data());
    averages_[i].set_data(trained);
  }
}

}  // namespace distill
