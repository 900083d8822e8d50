#include "common/torch/normalize.h"

#include <ATen/ATen.h>

#include <vector>

namespace distill {

at::Tensor Normalize(const at::Tensor& input, const Normalization& normalization) {
  const bool number = input.is_floating_point() || input.scalar_type() == at::kByte ||
                      (input.scalar_type() == at::kChar && !normalization.mean.empty());
  if (!number) return input;
  const at::Tensor x = input.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true);
  if (normalization.mean.empty()) return x.div_(normalization.scale);
  // Has shape [channels, 1, …], to broadcast with [n, channels, …].
  Shape shape(static_cast<size_t>(input.dim() - 1), 1);
  if (!shape.empty()) shape[0] = -1;
  const auto by_channel = [&](const std::vector<double>& values) {
    const at::Tensor scaled = at::tensor(values, at::kDouble) * normalization.scale;
    return scaled.to(x.options()).view(shape);
  };
  return x.sub_(by_channel(normalization.mean)).div_(by_channel(normalization.std));
}

}  // namespace distill
