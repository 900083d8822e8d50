#include "student_trainer/loss/forward_kl.h"

#include <ATen/ATen.h>

#include <limits>
#include <variant>

namespace distill {
namespace {

// The sums over the rows of KL; scaled: student logits / T, [n, classes].

at::Tensor SumOfKl(const at::Tensor& scaled, const FullLogits& teacher, double temperature) {
  const at::Tensor log_q = at::log_softmax(scaled, 1);
  const at::Tensor log_p = at::log_softmax(teacher.logits.detach() / temperature, 1);
  // From logarithms on both sides: a probability that underflows to 0 then adds 0, not NaN.
  return at::kl_div(log_q, log_p, at::Reduction::Sum, /*log_target=*/true);
}

at::Tensor SumOfKl(const at::Tensor& scaled, const TopKTargets& teacher, double /*temperature*/) {
  const at::Tensor log_total = scaled.logsumexp(1, /*keepdim=*/true);  // [n, 1]
  const at::Tensor log_q = scaled.gather(1, teacher.ids) - log_total;  // [n, k]
  const at::Tensor sum = at::kl_div(log_q, teacher.log_probabilities, at::Reduction::Sum, true);
  if (teacher.ids.size(1) == scaled.size(1)) return sum;  // no tail
  // Not as 1 - Σ q, which holds nothing but rounding where the head has almost all of the mass.
  const at::Tensor others =
      scaled.scatter(1, teacher.ids, -std::numeric_limits<double>::infinity());
  const at::Tensor log_q_tail = others.logsumexp(1) - log_total.squeeze(1);  // [n]
  return sum + at::kl_div(log_q_tail, teacher.log_tail, at::Reduction::Sum, true);
}

at::Tensor SumOfKl(const at::Tensor& scaled, const SampledTargets& teacher,
                   double /*temperature*/) {
  const at::Tensor log_total = scaled.logsumexp(1, /*keepdim=*/true);  // [n, 1]
  const at::Tensor log_q = scaled.gather(1, teacher.ids) - log_total;  // [n, places]
  const at::Tensor& w = teacher.weights;
  return at::xlogy(w, w).sum() - (w * log_q).sum();
}

}  // namespace

at::Tensor ForwardKl(const at::Tensor& student_logits, const DecodedTargets& targets,
                     double temperature) {
  const at::Tensor scaled = student_logits / temperature;
  const at::Tensor sum = std::visit(
      [&](const auto& teacher) { return SumOfKl(scaled, teacher, temperature); }, targets);
  return sum * (temperature * temperature / static_cast<double>(student_logits.size(0)));
}

}  // namespace distill
