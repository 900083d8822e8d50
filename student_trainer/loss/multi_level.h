// Multi-level logit distillation matches predictions, relations between samples, and relations
// between classes, at several temperatures.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"
#include "student_trainer/loss/objective_input.h"

namespace distill {

// Σ over T = first, first + 1, …, last of
//   T² / n · Σ_i KL(p_i ‖ q_i) + 1/n · ‖P·Pᵀ - Q·Qᵀ‖² + 1/classes · ‖Pᵀ·P - Qᵀ·Q‖²
// with the matrices P and Q of all rows of p and q, [n, classes], and Frobenius' norm. Jin, Wang,
// Lin, "Multi-level logit distillation", 2023, CVPR, equations 3 to 9: the logits' part, on all
// samples and classes. (The authors take the samples and classes of low confidence for weakly
// augmented inputs, and temperatures 2 to 6.) The input's own temperature is not used. Parameters:
// first, last. A sample's loss depends on its batch. 0 where p = q. Full logits.
at::Tensor MultiLevel(const ObjectiveInput& input, absl::Span<const double> parameters);

}  // namespace distill
