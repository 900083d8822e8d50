// Objectives that treat the class of a sample separately from the others: its label or, if it has
// none or `labels` is 0, the class that the teacher finds most likely. p and q are as in
// divergences.h; p̂ and q̂ are the same without that class, renormalised over the others. Full
// logits.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"
#include "student_trainer/loss/objective_input.h"

namespace distill {

// T² · (α · KL(b ‖ b') + β · KL(p̂ ‖ q̂)), b = (p of the class, p of all others), b' the same of q;
// the mean over the rows. Zhao, Cui, Song, Qiu, Liang, "Decoupled knowledge distillation", 2022,
// arXiv:2203.08679, equation 7. Parameters: α, β, labels. (The authors' code subtracts 1000 from
// the logit of the class instead of excluding it, which is the same if logits differ by less.) 0
// where p = q.
at::Tensor DecoupledKd(const ObjectiveInput& input, absl::Span<const double> parameters);

// -p_c · log q_c at T = 1, of the class c, minus γ · T² · Σ p̂ log q̂; the mean over the rows. Yang,
// Zeng, Li, Zhang, Yuan, Li, "From knowledge distillation to self-knowledge distillation", 2023,
// arXiv:2303.13005, equation 8, without its plain cross-entropy, which alpha weighs here.
// Parameters: γ, labels. It is a cross-entropy, and not 0 where p = q.
at::Tensor NormalizedKd(const ObjectiveInput& input, absl::Span<const double> parameters);

}  // namespace distill
