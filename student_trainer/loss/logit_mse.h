// Computes the mean squared difference of the logits, without softmax and temperature.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"
#include "student_trainer/loss/objective_input.h"

namespace distill {

// 1 / (n · classes) · Σ (student - teacher)². Kim, Oh, Kim, Cho, Yun, "Comparing Kullback-Leibler
// divergence and mean squared error loss in knowledge distillation", 2021, arXiv:2105.08919,
// section 3. (Their formula is the sum over the classes, their code the mean.) Not invariant to a
// constant that is added to a row. Full logits.
at::Tensor LogitMse(const ObjectiveInput& input, absl::Span<const double> parameters = {});

}  // namespace distill
