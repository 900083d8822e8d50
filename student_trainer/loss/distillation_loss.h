// The loss of a training batch of n samples:
//
//   L = (1 - alpha) · 1/n · Σ_i CE(y_i, q_i) · has_label_i + alpha · objective
//
// with q = softmax(student logits), and the objective, by default the KL of Hinton et al.
// (forward_kl.h), a mean over the same n. The sum is divided by n, all samples of the batch,
// labelled or not.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/status/status.h"
#include "student_trainer/loss/objective.h"

namespace distill {

inline constexpr int64_t kNoLabel = -1;

struct DistillationLossOptions {
  double alpha = 0.9;        // weight of the distillation loss, [0, 1]
  double temperature = 2.0;  // finite, > 0
  const Objective* objective = &Objectives().front();

  // INVALID_ARGUMENT names the option, the value and what is allowed.
  absl::Status Validate() const;
};

struct LossParts {
  at::Tensor total;         // scalar, to call backward() on
  at::Tensor student;       // scalar: Σ CE over labelled samples / n, unweighted
  at::Tensor distillation;  // scalar: the objective, unweighted; 0 without soft targets
};

// student_logits: float32 [n, classes]; targets: of as many rows and classes, in a form that the
// objective accepts, no gradient flows into them; labels: int64 [n], kNoLabel where there is none.
// At alpha = 0 the objective is not computed, at alpha = 1 labels are not looked at.
LossParts DistillationLoss(const at::Tensor& student_logits, const DecodedTargets& targets,
                           const at::Tensor& labels, const DistillationLossOptions& options);

// The hard-label end, CE with weight 1: also for batches whose soft targets were lost.
LossParts HardLabelLoss(const at::Tensor& student_logits, const at::Tensor& labels);

}  // namespace distill
