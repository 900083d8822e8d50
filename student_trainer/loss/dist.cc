#include "student_trainer/loss/dist.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>

#include "student_trainer/loss/by_rows.h"

namespace distill {
namespace {

constexpr double kEpsilon = 1e-8;

struct Probabilities {
  at::Tensor p;  // [n, classes]
  at::Tensor q;
};

Probabilities ProbabilitiesOf(const ObjectiveInput& rows) {
  return {at::softmax(TeacherLogits(rows) / rows.temperature, 1),
          at::softmax(StudentLogits(rows) / rows.temperature, 1)};
}

// Returns the square root with gradient 0 at 0, where the gradient of the root is infinite.
at::Tensor SafeRoot(const at::Tensor& x) {
  const at::Tensor positive = x > 0;
  return at::where(positive, at::where(positive, x, 1).sqrt(), 0);
}

// Returns ρ from sums of products of centred values.
at::Tensor Correlation(const at::Tensor& pq, const at::Tensor& pp, const at::Tensor& qq) {
  return pq / (SafeRoot(pp) * SafeRoot(qq) + kEpsilon);
}

// Means and centred sums of products of each column over the batch: [classes].
struct Columns {
  at::Tensor p_mean, q_mean;
  at::Tensor pp, pq, qq;
};

Columns ColumnsOf(const ObjectiveInput& input) {
  const auto rows = static_cast<double>(input.rows());
  const at::Tensor zeros = at::zeros({input.classes()}, input.student_logits.options());
  Columns columns = {zeros, zeros.clone(), zeros.clone(), zeros.clone(), zeros.clone()};
  ForEachChunk(input, [&](const ObjectiveInput& chunk, int64_t) {
    const auto [p, q] = ProbabilitiesOf(chunk);
    columns.p_mean.add_(p.sum(0) / rows);
    columns.q_mean.add_(q.sum(0) / rows);
  });
  ForEachChunk(input, [&](const ObjectiveInput& chunk, int64_t) {
    const auto [p, q] = ProbabilitiesOf(chunk);
    const at::Tensor p_centred = p - columns.p_mean, q_centred = q - columns.q_mean;
    columns.pp.add_(p_centred.square().sum(0));
    columns.pq.add_((p_centred * q_centred).sum(0));
    columns.qq.add_(q_centred.square().sum(0));
  });
  return columns;
}

// Returns Σ over the rows of 1 - ρ.
at::Tensor SumOverRows(const at::Tensor& p, const at::Tensor& q) {
  const at::Tensor p_centred = p - p.mean(1, true), q_centred = q - q.mean(1, true);
  const at::Tensor correlation = Correlation((p_centred * q_centred).sum(1),
                                             p_centred.square().sum(1), q_centred.square().sum(1));
  return (1 - correlation).sum();
}

}  // namespace

at::Tensor Dist(const ObjectiveInput& input, absl::Span<const double> parameters) {
  const double square = input.temperature * input.temperature;
  const double between = square * parameters[0] / static_cast<double>(input.rows());
  const double within = square * parameters[1];
  return WithGradient(input.student_logits, [&] {
    const Columns columns = ColumnsOf(input);
    // The term of the columns is a function of two sums over the rows. Its derivative by these sums
    // makes the term of each row a function of that row alone; the means vanish, since centred
    // values sum to 0.
    const at::AutoGradMode with_gradient(true);
    const at::Tensor pq = columns.pq.detach().requires_grad_();
    const at::Tensor qq = columns.qq.detach().requires_grad_();
    const at::Tensor of_columns = within * (1 - Correlation(pq, columns.pp, qq).mean());
    const auto by_sums = torch::autograd::grad({of_columns}, {pq, qq});

    ValueAndGradient all = {of_columns.detach(), at::empty_like(input.student_logits)};
    ForEachChunk(input, [&](const ObjectiveInput& rows, int64_t begin) {
      at::Tensor of_rows;
      const ValueAndGradient part = Differentiate(rows, [&](const ObjectiveInput& leaf) {
        const auto [p, q] = ProbabilitiesOf(leaf);
        const at::Tensor q_centred = q - columns.q_mean;
        of_rows = between * SumOverRows(p, q);
        return of_rows + (by_sums[0] * (p - columns.p_mean) * q_centred).sum() +
               (by_sums[1] * q_centred.square()).sum();
      });
      all.value.add_(of_rows.detach());
      all.gradient.slice(0, begin, begin + rows.rows()).copy_(part.gradient);
    });
    return all;
  });
}

}  // namespace distill
