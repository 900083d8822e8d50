// The distillation loss of Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network",
// 2015, arXiv:1503.02531, section 2, on each form of soft targets:
//
//   T² / n · Σ_i KL(p_i ‖ q_i),   p = softmax(teacher logits / T), q = softmax(student logits / T)
//
// Full logits: KL holds the teacher's entropy; 0 where the two agree.
//
// Top-k with tail: KL of the distributions coarsened to k + 1 outcomes, the k classes and all
// others as one. It is a lower bound of the full KL (data-processing inequality), and 0 where the
// two agree; with k = classes it is the full KL. (The literature often drops the tail and
// renormalises the head, whose gradient has a bias.)
//
// Samples: KL(w ‖ q) with the weights w in p's place. Its gradient is that of the cross-entropy
// -Σ w log q, which is linear in w: unbiased where w is. Its value is not: the weights have less
// entropy than p, so it lies above the full KL by the difference in expectation, and is not 0 where
// the two agree.
#pragma once

#include <ATen/core/Tensor.h>

#include "common/targets/decoded.h"

namespace distill {

// As Objective::loss.
at::Tensor ForwardKl(const at::Tensor& student_logits, const DecodedTargets& targets,
                     double temperature);

}  // namespace distill
