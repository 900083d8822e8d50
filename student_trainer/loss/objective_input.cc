#include "student_trainer/loss/objective_input.h"

#include <ATen/ATen.h>

#include <variant>

namespace distill {
namespace {

at::Tensor Standardize(const at::Tensor& logits) {
  const at::Tensor centred = logits - logits.mean(1, /*keepdim=*/true);
  const double degrees = static_cast<double>(logits.size(1) - 1);
  // The variance stays above 0, where the root has a gradient; a row of equal logits stays 0.
  const at::Tensor variance = (centred.square().sum(1, true) / degrees).clamp_min(1e-30);
  return centred / (variance.sqrt() + 1e-7);
}

at::Tensor Slice(const at::Tensor& tensor, int64_t begin, int64_t end) {
  return tensor.slice(0, begin, end);
}

DecodedTargets Slice(const DecodedTargets& targets, int64_t begin, int64_t end) {
  if (const auto* full = std::get_if<FullLogits>(&targets)) {
    return FullLogits{Slice(full->logits, begin, end)};
  }
  if (const auto* top = std::get_if<TopKTargets>(&targets)) {
    return TopKTargets{Slice(top->ids, begin, end), Slice(top->log_probabilities, begin, end),
                       Slice(top->log_tail, begin, end), top->classes};
  }
  if (const auto* vectors = std::get_if<Vectors>(&targets)) {
    return Vectors{Slice(vectors->values, begin, end)};
  }
  const auto& sampled = std::get<SampledTargets>(targets);
  return SampledTargets{Slice(sampled.ids, begin, end), Slice(sampled.weights, begin, end),
                        sampled.classes};
}

}  // namespace

at::Tensor StudentLogits(const ObjectiveInput& input) {
  return input.standardize_logits ? Standardize(input.student_logits) : input.student_logits;
}

at::Tensor TeacherLogits(const ObjectiveInput& input) {
  const at::Tensor logits = std::get<FullLogits>(input.targets).logits.detach();
  return input.standardize_logits ? Standardize(logits) : logits;
}

ObjectiveInput SliceRows(const ObjectiveInput& input, int64_t begin, int64_t end) {
  ObjectiveInput rows = input;
  rows.student_logits = Slice(input.student_logits, begin, end);
  rows.targets = Slice(input.targets, begin, end);
  if (input.labels.defined()) rows.labels = Slice(input.labels, begin, end);
  return rows;
}

}  // namespace distill
