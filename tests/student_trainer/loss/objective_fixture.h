// Shared by the tests of all objectives.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "student_trainer/loss/objective.h"

namespace distill::testing {

struct LossAndGradient {
  double loss = 0;
  at::Tensor gradient;  // float64
};

inline LossAndGradient Compute(const Objective& objective, ObjectiveInput input) {
  input.student_logits = input.student_logits.detach().clone().requires_grad_();
  const at::Tensor loss = objective.Loss(input);
  loss.backward();
  return {loss.item<double>(), input.student_logits.grad().to(at::kDouble)};
}

// Returns every type with its usual parameters, and each also on standardised logits.
inline std::vector<Objective> AllObjectives() {
  std::vector<Objective> all;
  for (const ObjectiveType& type : ObjectiveTypes()) {
    Objective objective = *ParseObjective(type.name);
    all.push_back(objective);
    objective.standardize_logits = true;
    all.push_back(objective);
  }
  return all;
}

inline std::string NameOf(const Objective& objective) {
  return std::string(objective.type->name) + (objective.standardize_logits ? ", standardised" : "");
}

// The same at every call. [n, classes]
inline at::Tensor SomeLogits(int64_t n, int64_t classes, double phase, double scale = 4,
                             at::ScalarType type = at::kDouble) {
  const at::Tensor x = at::arange(n * classes, at::kDouble);
  return (at::sin(x * 1.7 + phase) * scale).view({n, classes}).to(type);
}

inline at::Tensor SomeLabels(int64_t n, int64_t classes) {
  const at::Tensor labels = at::arange(n, at::kLong) * 7 % classes;
  labels[0] = kNoLabel;
  return labels;
}

inline double Norm(const at::Tensor& x) { return x.norm().item<double>(); }

}  // namespace distill::testing
