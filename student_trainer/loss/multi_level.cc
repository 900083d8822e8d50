#include "student_trainer/loss/multi_level.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "student_trainer/loss/by_rows.h"

namespace distill {
namespace {

// Gives both distributions at one temperature, for some classes at a time and all rows: [n, …].
class Blocks {
 public:
  Blocks(const ObjectiveInput& input, double temperature)
      : student_(StudentLogits(input)),
        teacher_(TeacherLogits(input)),
        temperature_(temperature),
        log_student_(LogTotal(student_)),
        log_teacher_(LogTotal(teacher_)) {}

  struct Block {
    int64_t begin, end;                              // classes
    at::Tensor log_p, log_q, p, q, difference, sum;  // difference: q - p
  };

  template <typename Function>
  void ForEach(Function&& function) const {
    const int64_t classes = student_.size(1);
    const int64_t step = std::max<int64_t>(1, kChunkElements / student_.size(0));
    for (int64_t begin = 0; begin < classes; begin += step) {
      Block block{.begin = begin, .end = std::min(classes, begin + step)};
      block.log_p = Log(teacher_, log_teacher_, block);
      block.log_q = Log(student_, log_student_, block);
      block.p = block.log_p.exp();
      block.q = block.log_q.exp();
      block.difference = block.q - block.p;
      block.sum = block.q + block.p;
      function(block);
    }
  }

 private:
  // Returns log Σ exp(logits / T) of each row, [n, 1], some rows at a time.
  at::Tensor LogTotal(const at::Tensor& logits) const {
    std::vector<at::Tensor> parts;
    for (const at::Tensor& rows :
         logits.split(std::max<int64_t>(1, kChunkElements / logits.size(1)))) {
      parts.push_back((rows / temperature_).logsumexp(1, /*keepdim=*/true));
    }
    return at::cat(parts);
  }

  at::Tensor Log(const at::Tensor& logits, const at::Tensor& log_total, const Block& block) const {
    return logits.slice(1, block.begin, block.end) / temperature_ - log_total;
  }

  const at::Tensor student_;
  const at::Tensor teacher_;
  const double temperature_;
  const at::Tensor log_student_;
  const at::Tensor log_teacher_;
};

// Adds the part of one temperature. With D = Q - P and S = Q + P, and X = D·Sᵀ,
//   Q·Qᵀ - P·Pᵀ = (X + Xᵀ) / 2,   ‖Qᵀ·Q - Pᵀ·P‖² = (⟨D·Dᵀ, S·Sᵀ⟩ + ⟨X, Xᵀ⟩) / 2,
// so that no matrix of classes by classes is needed, and nothing cancels where P and Q are near.
void AddTemperature(const ObjectiveInput& input, double temperature, ValueAndGradient& all) {
  const auto rows = static_cast<double>(input.rows());
  const auto classes = static_cast<double>(input.classes());
  const Blocks blocks(input, temperature);
  const at::Tensor zeros = at::zeros({input.rows(), input.rows()}, input.student_logits.options());
  at::Tensor x = zeros, dd = zeros.clone(), ss = zeros.clone();
  blocks.ForEach([&](const Blocks::Block& block) {
    all.value.add_((block.p * (block.log_p - block.log_q)).sum(), temperature * temperature / rows);
    x.addmm_(block.difference, block.sum.t());
    dd.addmm_(block.difference, block.difference.t());
    ss.addmm_(block.sum, block.sum.t());
  });
  const at::Tensor between_samples = (x + x.t()) / 2;
  all.value.add_(between_samples.square().sum() / rows);
  all.value.add_(((dd * ss).sum() + (x * x.t()).sum()) / (2 * classes));

  // By Q: by_sum · S + by_difference · D.
  const at::Tensor by_x = between_samples * (2 / rows) + x.t() / classes;
  const at::Tensor by_sum = by_x + dd / classes;
  const at::Tensor by_difference = by_x.t() + ss / classes;
  const auto by_q = [&](const Blocks::Block& block) {
    return at::mm(by_sum, block.sum).addmm_(by_difference, block.difference);
  };
  // By the logits, through the softmax.
  at::Tensor mean = at::zeros({input.rows(), 1}, input.student_logits.options());
  blocks.ForEach([&](const Blocks::Block& block) {
    mean.add_((by_q(block) * block.q).sum(1, /*keepdim=*/true));
  });
  blocks.ForEach([&](const Blocks::Block& block) {
    const at::Tensor by_logits =
        block.q * (by_q(block) - mean) / temperature + block.difference * (temperature / rows);
    all.gradient.slice(1, block.begin, block.end).add_(by_logits);
  });
}

// Converts the gradient by the standardised logits to the gradient by the logits.
void ThroughStandardization(const ObjectiveInput& input, at::Tensor& gradient) {
  ForEachChunk(input, [&](const ObjectiveInput& rows, int64_t begin) {
    const at::Tensor part = gradient.slice(0, begin, begin + rows.rows());
    part.copy_(Differentiate(rows, [&](const ObjectiveInput& leaf) {
                 return (StudentLogits(leaf) * part).sum();
               }).gradient);
  });
}

}  // namespace

at::Tensor MultiLevel(const ObjectiveInput& input, absl::Span<const double> parameters) {
  return WithGradient(input.student_logits, [&] {
    ValueAndGradient all = {at::zeros({}, input.student_logits.options()),
                            at::zeros_like(input.student_logits)};
    for (double temperature = parameters[0]; temperature <= parameters[1]; ++temperature) {
      AddTemperature(input, temperature, all);
    }
    if (input.standardize_logits) ThroughStandardization(input, all.gradient);
    return all;
  });
}

}  // namespace distill
