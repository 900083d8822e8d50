// The loss of a training batch of n samples:
//
//   L = (1 - alpha) · 1/n · Σ_i CE(y_i, q_i) · has_label_i + alpha · objective
//
// with q = softmax(student logits), and the objective, by default the KL divergence of Hinton et
// al. (divergences.h), a mean over the same n. The sum is divided by n, the number of all samples
// of the batch, labelled or not.
//
// Label smoothing ε (Szegedy et al., "Rethinking the Inception architecture", 2016,
// arXiv:1512.00567, section 7): CE against (1 - ε) · the label + ε / classes · every class.
// Mixed samples (mixup, CutMix) have two labels: CE = λ · CE(y, q) + (1 - λ) · CE(y', q), where a
// part without a label contributes nothing, so that a sample mixed of a labelled and an unlabelled
// one counts its label by λ.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/status/status.h"
#include "student_trainer/loss/objective.h"

namespace distill {

struct DistillationLossOptions {
  double alpha = 0.9;        // weight of the distillation loss, [0, 1]
  double temperature = 2.0;  // finite, > 0
  Objective objective;
  double label_smoothing = 0;  // ε, [0, 1)

  // INVALID_ARGUMENT names the option, the value and what is allowed.
  absl::Status Validate() const;
};

struct HardLabels {
  at::Tensor labels;  // int64 [n], kNoLabel where there is none
  // The labels of the samples that these are mixed with; both undefined if no sample is mixed.
  at::Tensor mixed_labels = {};  // int64 [n], kNoLabel where there is none
  at::Tensor weights = {};       // float32 [n]: λ, the weight of `labels`, [0, 1]
};

// Returns, of the two labels of each sample, the one with more weight; kNoLabel if neither counts.
// int64 [n]
at::Tensor LikeliestLabels(const HardLabels& labels);

struct LossParts {
  at::Tensor total;         // scalar, to call backward() on
  at::Tensor student;       // scalar: Σ CE over labelled samples / n, not yet times 1 - alpha
  at::Tensor distillation;  // scalar: the objective, not yet times alpha; 0 without soft targets
};

// student_logits: float32 [n, classes]; targets: as many rows and classes, in a form that the
// objective accepts; no gradient flows into them. All are on one device. At alpha = 0 the objective
// is not computed, at alpha = 1 CE is not; an objective may still use the labels.
LossParts DistillationLoss(const at::Tensor& student_logits, const DecodedTargets& targets,
                           const HardLabels& labels, const DistillationLossOptions& options);

// Returns the loss of hard labels alone, CE with weight 1; it is also used for batches whose soft
// targets were lost.
LossParts HardLabelLoss(const at::Tensor& student_logits, const HardLabels& labels,
                        double label_smoothing = 0);

}  // namespace distill
