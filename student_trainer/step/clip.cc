#include "student_trainer/step/clip.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

namespace distill {

double ClipGradientNorm(absl::Span<const at::Tensor> parameters, double max_norm) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  if (gradients.empty()) return 0;
  const at::Tensor norms = at::stack(at::_foreach_norm(gradients));  // [gradients]
  const double norm = at::linalg_vector_norm(norms).item<double>();
  const double scale = max_norm / (norm + 1e-6);
  if (std::isfinite(norm) && scale < 1) at::_foreach_mul_(gradients, scale);
  return norm;
}

}  // namespace distill
