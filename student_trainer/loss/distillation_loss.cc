#include "student_trainer/loss/distillation_loss.h"

#include <ATen/ATen.h>

#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

at::Tensor CrossEntropy(const at::Tensor& logits, const at::Tensor& labels,
                        at::Reduction::Reduction reduction, double label_smoothing) {
  return at::cross_entropy_loss(logits, labels, /*weight=*/{}, reduction,
                                /*ignore_index=*/kNoLabel, label_smoothing);
}

// Returns Σ CE over the labelled samples / n. logits: [n, classes].
at::Tensor StudentLoss(const at::Tensor& logits, const HardLabels& labels, double smoothing) {
  if (!labels.mixed_labels.defined()) {
    return CrossEntropy(logits, labels.labels, at::Reduction::Sum, smoothing) / logits.size(0);
  }
  const at::Tensor first =  // [n]
      CrossEntropy(logits, labels.labels, at::Reduction::None, smoothing);
  const at::Tensor second =
      CrossEntropy(logits, labels.mixed_labels, at::Reduction::None, smoothing);
  return (labels.weights * first + (1 - labels.weights) * second).sum() / logits.size(0);
}

// Returns the label of the part of each sample with more weight, whether it has one or not.
at::Tensor LabelsOfTheGreaterPart(const HardLabels& labels) {
  if (!labels.mixed_labels.defined()) return labels.labels;
  return at::where(labels.weights >= 0.5, labels.labels, labels.mixed_labels);
}

}  // namespace

at::Tensor LikeliestLabels(const HardLabels& labels) {
  if (!labels.mixed_labels.defined()) return labels.labels;
  const at::Tensor first_counts = labels.labels.ne(kNoLabel).logical_and(labels.weights > 0);
  const at::Tensor mixed_counts = labels.mixed_labels.ne(kNoLabel).logical_and(labels.weights < 1);
  const at::Tensor first =
      first_counts.logical_and(mixed_counts.logical_not().logical_or(labels.weights >= 0.5));
  return at::where(first, labels.labels, at::where(mixed_counts, labels.mixed_labels, kNoLabel));
}

absl::Status DistillationLossOptions::Validate() const {
  RETURN_IF_ERROR(CheckInRange("alpha", alpha, 0, 1));
  RETURN_IF_ERROR(CheckMoreThan("temperature", temperature, 0));
  return CheckInHalfOpenRange("label_smoothing", label_smoothing, 0, 1);
}

LossParts DistillationLoss(const at::Tensor& student_logits, const DecodedTargets& targets,
                           const HardLabels& labels, const DistillationLossOptions& options) {
  if (options.alpha == 0) return HardLabelLoss(student_logits, labels, options.label_smoothing);
  const at::Tensor distillation = options.objective.Loss({.student_logits = student_logits,
                                                          .targets = targets,
                                                          .labels = LabelsOfTheGreaterPart(labels),
                                                          .temperature = options.temperature});
  if (options.alpha == 1) {
    return {distillation, at::zeros({}, student_logits.options()), distillation.detach()};
  }
  const at::Tensor student = StudentLoss(student_logits, labels, options.label_smoothing);
  return {(1 - options.alpha) * student + options.alpha * distillation, student.detach(),
          distillation.detach()};
}

LossParts HardLabelLoss(const at::Tensor& student_logits, const HardLabels& labels,
                        double label_smoothing) {
  const at::Tensor student = StudentLoss(student_logits, labels, label_smoothing);
  return {student, student.detach(), at::zeros({}, student_logits.options())};
}

}  // namespace distill
