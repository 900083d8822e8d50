#include "student_trainer/loss/by_rows.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace distill {
namespace {

using Compute = absl::FunctionRef<ValueAndGradient()>;

class GivenGradient : public torch::autograd::Function<GivenGradient> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& /*logits*/,
                            const Compute& compute) {
    ValueAndGradient computed = compute();
    context->saved_data["gradient"] = std::move(computed.gradient);
    return std::move(computed.value);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& outer) {
    return {outer[0] * context->saved_data["gradient"].toTensor(), at::Tensor()};
  }
};

}  // namespace

void ForEachChunk(const ObjectiveInput& input,
                  absl::FunctionRef<void(const ObjectiveInput& rows, int64_t begin)> function) {
  const int64_t step = std::max<int64_t>(1, kChunkElements / input.classes());
  for (int64_t begin = 0; begin < input.rows(); begin += step) {
    function(SliceRows(input, begin, std::min(input.rows(), begin + step)), begin);
  }
}

at::Tensor WithGradient(const at::Tensor& logits, Compute compute) {
  return GivenGradient::apply(logits, compute);
}

ValueAndGradient Differentiate(const ObjectiveInput& rows, SumOfRows sum) {
  const at::AutoGradMode with_gradient(true);
  ObjectiveInput leaf = rows;
  leaf.student_logits = rows.student_logits.detach().requires_grad_();
  const at::Tensor value = sum(leaf);
  at::Tensor gradient = torch::autograd::grad({value}, {leaf.student_logits})[0];
  return {value.detach(), std::move(gradient)};
}

at::Tensor SumByRows(const ObjectiveInput& input, SumOfRows sum) {
  if (input.student_logits.numel() <= kChunkElements) return sum(input);
  return WithGradient(input.student_logits, [&] {
    ValueAndGradient all = {at::zeros({}, input.student_logits.options()),
                            at::empty_like(input.student_logits)};
    ForEachChunk(input, [&](const ObjectiveInput& rows, int64_t begin) {
      const ValueAndGradient part = Differentiate(rows, sum);
      all.value.add_(part.value);
      all.gradient.slice(0, begin, begin + rows.rows()).copy_(part.gradient);
    });
    return all;
  });
}

at::Tensor MeanByRows(const ObjectiveInput& input, SumOfRows sum) {
  const double factor = input.temperature * input.temperature / static_cast<double>(input.rows());
  return SumByRows(input, sum) * factor;
}

}  // namespace distill
