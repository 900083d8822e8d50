#include "student_trainer/loss/distillation_loss.h"

#include <ATen/ATen.h>

#include <cmath>

#include "absl/strings/str_cat.h"

namespace distill {
namespace {

// Σ CE over the labelled samples / n. logits: [n, classes], labels: [n].
at::Tensor StudentLoss(const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor sum = at::cross_entropy_loss(logits, labels, /*weight=*/{}, at::Reduction::Sum,
                                                /*ignore_index=*/kNoLabel);
  return sum / logits.size(0);
}

}  // namespace

absl::Status DistillationLossOptions::Validate() const {
  if (!(alpha >= 0 && alpha <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("alpha is ", alpha, "; allowed is a number from 0 to 1"));
  }
  if (!(std::isfinite(temperature) && temperature > 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("temperature is ", temperature, "; allowed is a finite number above 0"));
  }
  return absl::OkStatus();
}

LossParts DistillationLoss(const at::Tensor& student_logits, const DecodedTargets& targets,
                           const at::Tensor& labels, const DistillationLossOptions& options) {
  if (options.alpha == 0) return HardLabelLoss(student_logits, labels);
  const at::Tensor distillation =
      options.objective->loss(student_logits, targets, options.temperature);
  if (options.alpha == 1) {
    return {distillation, at::zeros({}, student_logits.options()), distillation.detach()};
  }
  const at::Tensor student = StudentLoss(student_logits, labels);
  return {(1 - options.alpha) * student + options.alpha * distillation, student.detach(),
          distillation.detach()};
}

LossParts HardLabelLoss(const at::Tensor& student_logits, const at::Tensor& labels) {
  const at::Tensor student = StudentLoss(student_logits, labels);
  return {student, student.detach(), at::zeros({}, student_logits.options())};
}

}  // namespace distill
