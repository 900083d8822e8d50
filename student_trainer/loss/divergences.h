// Divergences between the teacher's distribution p = softmax(teacher logits / T) and the student's
// q = softmax(student logits / T). Each is the mean over the rows times T², is 0 where p = q, and
// does not change if a constant is added to the logits of a row.
//
// On top-k with tail they compare the distributions coarsened to k + 1 outcomes: the k classes and
// all others as one. Each is then a lower bound of the full divergence (data-processing
// inequality), 0 where the two agree, and equal to the full one with k = classes. (The literature
// often drops the tail and renormalises the head, whose gradient is biased.)
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"
#include "student_trainer/loss/objective_input.h"

namespace distill {

// Returns Σ over the rows of KL(a ‖ b), from logarithms on both sides, so that a probability that
// underflows to 0 adds 0 and not NaN. [n, outcomes] → scalar.
at::Tensor SumOfKl(const at::Tensor& log_a, const at::Tensor& log_b);

// KL(p ‖ q): Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network", 2015,
// arXiv:1503.02531, section 2, including the entropy of the teacher. Any form.
//
// On samples: KL(w ‖ q) with the weights w instead of p. Its gradient is that of the cross-entropy
// -Σ w log q, which is linear in w, and therefore unbiased if w is. Its value is biased: the
// weights have less entropy than p, so it is above the full KL in expectation, and not 0 where the
// two agree.
at::Tensor ForwardKl(const ObjectiveInput& input, absl::Span<const double> parameters = {});

// KL(q ‖ p): Gu, Dong, Wei, Huang, "MiniLLM", 2024, arXiv:2306.08543. Full logits, top-k.
at::Tensor ReverseKl(const ObjectiveInput& input, absl::Span<const double> parameters = {});

// β·KL(p ‖ m) + (1-β)·KL(q ‖ m), m = β·p + (1-β)·q. Agarwal et al., "On-policy distillation of
// language models", 2024, arXiv:2306.13649, equation 1. Parameters: β, the teacher's weight. (As
// published; TRL gives KL(p ‖ q) at β = 0 and KL(q ‖ p) at β = 1, where this is 0.) Full logits,
// top-k.
at::Tensor Jsd(const ObjectiveInput& input, absl::Span<const double> parameters);

// KL(p ‖ λ·p + (1-λ)·q), and KL(q ‖ (1-λ)·p + λ·q). Ko, Kim, Chen, Yun, "DistiLLM", 2024,
// arXiv:2402.03898, section 3.1. Parameters: λ. (The authors' code omits the entropy of the teacher
// in the first.) Full logits.
at::Tensor SkewKl(const ObjectiveInput& input, absl::Span<const double> parameters);
at::Tensor SkewReverseKl(const ObjectiveInput& input, absl::Span<const double> parameters);

// ½ Σ |p - q|. Wen, Li, Du, Mou, "f-divergence minimization for sequence-level knowledge
// distillation", 2023, arXiv:2307.15190, section 3.4. Full logits.
at::Tensor TotalVariation(const ObjectiveInput& input, absl::Span<const double> parameters = {});

// KL(u ‖ q) with the uniform distribution u: label smoothing, seen as a teacher without knowledge.
// Yuan, Tay, Li, Wang, Feng, "Revisiting knowledge distillation via label smoothing
// regularization", 2020, arXiv:1909.11723, section 3. It is a control for any other objective,
// since it ignores the targets. Any form.
at::Tensor UniformKl(const ObjectiveInput& input, absl::Span<const double> parameters = {});

// -log q at T = 1 of the class that the teacher finds most likely: its hard decision is used as the
// label. Touvron, Cord, Douze, Massa, Sablayrolles, Jégou, "Training data-efficient image
// transformers & distillation through attention", 2021, arXiv:2012.12877, section 4. It is a
// control for the effect of soft targets. It is a cross-entropy, and therefore not 0 where p = q.
// Full logits, top-k. (Samples do not contain the decision.)
at::Tensor HardDistillation(const ObjectiveInput& input, absl::Span<const double> parameters = {});

}  // namespace distill
