// The loss of a training batch (Hinton, Vinyals, Dean, "Distilling the knowledge in a neural
// network", 2015, arXiv:1503.02531, section 2):
//
//   L = 1/n · Σ_i [ (1 - alpha) · CE(y_i, q_i) · has_label_i + alpha · T² · KL(p_T,i ‖ q_T,i) ]
//
// with q = softmax(student logits), q_T = softmax(student logits / T), p_T = softmax(teacher logits
// / T). The sum is divided by n, all samples of the batch, labelled or not. KL holds the teacher's
// entropy: it is 0 where the two agree.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/status/status.h"

namespace distill {

inline constexpr int64_t kNoLabel = -1;

struct DistillationLossOptions {
  double alpha = 0.9;        // weight of the distillation loss, [0, 1]
  double temperature = 2.0;  // finite, > 0

  // INVALID_ARGUMENT names the option, the value and what is allowed.
  absl::Status Validate() const;
};

struct LossParts {
  at::Tensor total;         // scalar, to call backward() on
  at::Tensor student;       // scalar: Σ CE over labelled samples / n, unweighted
  at::Tensor distillation;  // scalar: T² · Σ KL / n, unweighted; 0 without teacher logits
};

// student_logits: float [n, classes]; teacher_logits: the same shape, no gradient flows into it;
// labels: int64 [n], kNoLabel where there is none. At alpha = 0 the teacher's part is not computed,
// at alpha = 1 labels are not looked at.
LossParts DistillationLoss(const at::Tensor& student_logits, const at::Tensor& teacher_logits,
                           const at::Tensor& labels, const DistillationLossOptions& options);

// The hard-label end, CE with weight 1: also for batches whose soft targets were lost.
LossParts HardLabelLoss(const at::Tensor& student_logits, const at::Tensor& labels);

}  // namespace distill
