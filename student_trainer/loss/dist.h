// DIST: the student keeps the teacher's relations, not its values.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"
#include "student_trainer/loss/objective_input.h"

namespace distill {

// T² · (β · (1 - mean over the rows of ρ(p_i, q_i)) + γ · (1 - mean over the classes of ρ(p_j,
// q_j))) with Pearson's correlation ρ of a row, or a class's column over the batch, of the softmax
// probabilities; the deviations' product in its denominator + 1e-8. Huang, You, Wang, Qian, Xu,
// "Knowledge distillation from a stronger teacher", 2022, arXiv:2205.10536, equations 8 to 10.
// Parameters: β, γ. The columns make a sample's loss depend on its batch. Near 0 where p = q, as
// near as 1e-8 is to the deviations. Full logits.
at::Tensor Dist(const ObjectiveInput& input, absl::Span<const double> parameters);

}  // namespace distill
