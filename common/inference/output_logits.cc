#include "common/inference/output_logits.h"

#include <ATen/ATen.h>

#include <limits>

namespace distill {
namespace {

// Sums of thousands of probabilities that were rounded to bfloat16 differ from 1 by less.
constexpr double kSumTolerance = 0.02;
constexpr double kLeast = std::numeric_limits<float>::min();
constexpr double kGreatest = 1 - std::numeric_limits<float>::epsilon() / 2;

bool All(const at::Tensor& condition) { return condition.all().item<bool>(); }

bool SumToOne(const at::Tensor& rows) { return All((rows.sum(-1) - 1).abs() <= kSumTolerance); }

at::Tensor LogOdds(const at::Tensor& probabilities) {
  const at::Tensor p = probabilities.clamp(kLeast, kGreatest);
  return p.log() - p.neg().log1p();
}

}  // namespace

at::Tensor ToLogits(OutputForm form, const at::Tensor& output) {
  const at::Tensor values = output.to(at::kFloat);
  if (values.size(-1) > 1) {
    switch (form) {
      case OutputForm::kLogits:
      case OutputForm::kLogProbabilities:
        return values;
      case OutputForm::kProbabilities:
        return values.clamp_min(kLeast).log();
      case OutputForm::kSigmoid:
        return LogOdds(values);
    }
  }
  const at::Tensor second = form == OutputForm::kLogits             ? values
                            : form == OutputForm::kLogProbabilities ? LogOdds(values.exp())
                                                                    : LogOdds(values);
  return at::cat({at::zeros_like(second), second}, -1);
}

OutputForm LooksLike(const at::Tensor& output) {
  const at::Tensor values = output.to(at::kFloat);
  if (values.size(-1) < 2 || !All(at::isfinite(values))) return OutputForm::kLogits;
  const bool within = All(values.ge(0)) && All(values.le(1));
  if (within && SumToOne(values)) return OutputForm::kProbabilities;
  if (All(values.le(0)) && SumToOne(values.exp())) return OutputForm::kLogProbabilities;
  return within && All(values.gt(0)) ? OutputForm::kSigmoid : OutputForm::kLogits;
}

}  // namespace distill
