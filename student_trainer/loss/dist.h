// DIST makes the student match the relations between the teacher's outputs instead of their values.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"
#include "student_trainer/loss/objective_input.h"

namespace distill {

// T² · (β · (1 - mean over the rows of ρ(p_i, q_i)) + γ · (1 - mean over the classes of ρ(p_j,
// q_j))), where ρ is Pearson's correlation of a row, or of the column of a class over the batch, of
// the softmax probabilities; 1e-8 is added to the product of the deviations in its denominator.
// Huang, You, Wang, Qian, Xu, "Knowledge distillation from a stronger teacher", 2022,
// arXiv:2205.10536, equations 8 to 10. Parameters: β, γ. Because of the columns, the loss of a
// sample depends on its batch. Near 0 where p = q, up to the ratio of 1e-8 to the deviations. Full
// logits.
at::Tensor Dist(const ObjectiveInput& input, absl::Span<const double> parameters);

}  // namespace distill
