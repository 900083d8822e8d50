#include "student_trainer/loss/target_class_losses.h"

#include <ATen/ATen.h>

#include <limits>

#include "student_trainer/loss/by_rows.h"
#include "student_trainer/loss/divergences.h"

namespace distill {
namespace {

// The logarithms of a distribution, split into the class and the others.
struct Parts {
  at::Tensor log_class;     // [n, 1]
  at::Tensor log_others;    // [n, 1], their sum
  at::Tensor renormalized;  // [n, classes], over the others; the class holds -inf
};

// int64 [n, 1]
at::Tensor ClassesOf(const ObjectiveInput& rows, bool use_labels) {
  const at::Tensor likeliest = MostLikely(rows.targets);
  if (!use_labels || !rows.labels.defined()) return likeliest.unsqueeze(1);
  return at::where(rows.labels == kNoLabel, likeliest, rows.labels).unsqueeze(1);
}

Parts Split(const at::Tensor& scaled, const at::Tensor& classes) {
  const at::Tensor log_total = scaled.logsumexp(1, /*keepdim=*/true);
  const at::Tensor others = scaled.scatter(1, classes, -std::numeric_limits<double>::infinity());
  const at::Tensor log_sum = others.logsumexp(1, true);
  return {scaled.gather(1, classes) - log_total, log_sum - log_total, others - log_sum};
}

// Replaces the infinite values at the class by finite ones: the class then adds exp(-1e30) · … = 0.
Parts WithoutInfinities(Parts parts, const at::Tensor& classes, double value) {
  parts.renormalized = parts.renormalized.scatter(1, classes, value);
  return parts;
}
constexpr double kNothing = -1e30;

}  // namespace

at::Tensor DecoupledKd(const ObjectiveInput& input, absl::Span<const double> parameters) {
  const double alpha = parameters[0], beta = parameters[1];
  const bool use_labels = parameters[2] != 0;
  return MeanByRows(input, [&](const ObjectiveInput& rows) {
    const at::Tensor classes = ClassesOf(rows, use_labels);
    const Parts p = WithoutInfinities(Split(TeacherLogits(rows) / rows.temperature, classes),
                                      classes, kNothing);
    const Parts q =
        WithoutInfinities(Split(StudentLogits(rows) / rows.temperature, classes), classes, 0);
    const at::Tensor of_class =
        SumOfKl(p.log_class, q.log_class) + SumOfKl(p.log_others, q.log_others);
    return alpha * of_class + beta * SumOfKl(p.renormalized, q.renormalized);
  });
}

at::Tensor NormalizedKd(const ObjectiveInput& input, absl::Span<const double> parameters) {
  const double gamma = parameters[0];
  const bool use_labels = parameters[1] != 0;
  const double square = input.temperature * input.temperature;
  const at::Tensor sum = SumByRows(input, [&](const ObjectiveInput& rows) {
    const at::Tensor classes = ClassesOf(rows, use_labels);
    const at::Tensor teacher = TeacherLogits(rows), student = StudentLogits(rows);
    const at::Tensor p = at::softmax(teacher, 1).gather(1, classes);
    const at::Tensor log_q = at::log_softmax(student, 1).gather(1, classes);
    const at::Tensor others_p = Split(teacher / rows.temperature, classes).renormalized.exp();
    const Parts others_q =
        WithoutInfinities(Split(student / rows.temperature, classes), classes, 0);
    return -(p * log_q).sum() - gamma * square * (others_p * others_q.renormalized).sum();
  });
  return sum / static_cast<double>(input.rows());
}

}  // namespace distill
