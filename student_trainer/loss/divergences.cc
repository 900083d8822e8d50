#include "student_trainer/loss/divergences.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <variant>

#include "student_trainer/loss/by_rows.h"

namespace distill {
namespace {

// Logarithms, [n, outcomes].
struct Outcomes {
  at::Tensor log_p;
  at::Tensor log_q;
};

Outcomes OutcomesOf(const ObjectiveInput& rows) {
  const at::Tensor scaled = StudentLogits(rows) / rows.temperature;
  if (!std::holds_alternative<TopKTargets>(rows.targets)) {
    return {at::log_softmax(TeacherLogits(rows) / rows.temperature, 1), at::log_softmax(scaled, 1)};
  }
  const auto& top = std::get<TopKTargets>(rows.targets);
  const at::Tensor log_total = scaled.logsumexp(1, /*keepdim=*/true);               // [n, 1]
  const at::Tensor log_head = scaled.gather(1, top.ids) - log_total;                // [n, k]
  if (top.ids.size(1) == scaled.size(1)) return {top.log_probabilities, log_head};  // no tail
  // Not computed as 1 - Σ q, which is only rounding error if the head has almost all of the mass.
  const at::Tensor others = scaled.scatter(1, top.ids, -std::numeric_limits<double>::infinity());
  const at::Tensor log_tail = others.logsumexp(1, true) - log_total;  // [n, 1]
  return {at::cat({top.log_probabilities, top.log_tail.unsqueeze(1)}, 1),
          at::cat({log_head, log_tail}, 1)};
}

// log(weight · a + (1 - weight) · b)
at::Tensor LogMixture(double weight, const at::Tensor& log_a, const at::Tensor& log_b) {
  return at::logaddexp(log_a + std::log(weight), log_b + std::log1p(-weight));
}

at::Tensor SumOfKlOnSamples(const ObjectiveInput& rows) {
  const auto& teacher = std::get<SampledTargets>(rows.targets);
  const at::Tensor scaled = rows.student_logits / rows.temperature;
  const at::Tensor log_q =
      scaled.gather(1, teacher.ids) - scaled.logsumexp(1, true);  // [n, places]
  return at::xlogy(teacher.weights, teacher.weights).sum() - (teacher.weights * log_q).sum();
}

template <typename SumOfOutcomes>
at::Tensor MeanByOutcomes(const ObjectiveInput& input, const SumOfOutcomes& sum) {
  return MeanByRows(input, [&](const ObjectiveInput& rows) {
    const auto [log_p, log_q] = OutcomesOf(rows);
    return sum(log_p, log_q);
  });
}

}  // namespace

at::Tensor SumOfKl(const at::Tensor& log_a, const at::Tensor& log_b) {
  return at::kl_div(log_b, log_a, at::Reduction::Sum, /*log_target=*/true);
}

at::Tensor ForwardKl(const ObjectiveInput& input, absl::Span<const double> /*parameters*/) {
  if (std::holds_alternative<SampledTargets>(input.targets)) {
    return MeanByRows(input, SumOfKlOnSamples);
  }
  return MeanByOutcomes(input, [](const at::Tensor& log_p, const at::Tensor& log_q) {
    return SumOfKl(log_p, log_q);
  });
}

at::Tensor ReverseKl(const ObjectiveInput& input, absl::Span<const double> /*parameters*/) {
  return MeanByOutcomes(input, [](const at::Tensor& log_p, const at::Tensor& log_q) {
    return SumOfKl(log_q, log_p);
  });
}

at::Tensor Jsd(const ObjectiveInput& input, absl::Span<const double> parameters) {
  const double beta = parameters[0];
  return MeanByOutcomes(input, [&](const at::Tensor& log_p, const at::Tensor& log_q) {
    const at::Tensor log_m = LogMixture(beta, log_p, log_q);
    return beta * SumOfKl(log_p, log_m) + (1 - beta) * SumOfKl(log_q, log_m);
  });
}

at::Tensor SkewKl(const ObjectiveInput& input, absl::Span<const double> parameters) {
  return MeanByOutcomes(input, [&](const at::Tensor& log_p, const at::Tensor& log_q) {
    return SumOfKl(log_p, LogMixture(parameters[0], log_p, log_q));
  });
}

at::Tensor SkewReverseKl(const ObjectiveInput& input, absl::Span<const double> parameters) {
  return MeanByOutcomes(input, [&](const at::Tensor& log_p, const at::Tensor& log_q) {
    return SumOfKl(log_q, LogMixture(parameters[0], log_q, log_p));
  });
}

at::Tensor TotalVariation(const ObjectiveInput& input, absl::Span<const double> /*parameters*/) {
  return MeanByOutcomes(input, [](const at::Tensor& log_p, const at::Tensor& log_q) {
    return 0.5 * (log_p.exp() - log_q.exp()).abs().sum();
  });
}

at::Tensor UniformKl(const ObjectiveInput& input, absl::Span<const double> /*parameters*/) {
  const double log_u = -std::log(static_cast<double>(input.classes()));
  return MeanByRows(input, [&](const ObjectiveInput& rows) {
    const at::Tensor log_q = at::log_softmax(StudentLogits(rows) / rows.temperature, 1);
    return (log_u - log_q).sum() / static_cast<double>(rows.classes());
  });
}

at::Tensor HardDistillation(const ObjectiveInput& input, absl::Span<const double> /*parameters*/) {
  const at::Tensor sum = SumByRows(input, [](const ObjectiveInput& rows) {
    const at::Tensor log_q = at::log_softmax(StudentLogits(rows), 1);
    return -log_q.gather(1, MostLikely(rows.targets).unsqueeze(1)).sum();
  });
  return sum / static_cast<double>(input.rows());
}

}  // namespace distill
