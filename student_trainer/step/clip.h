// Clipping of gradients by their global norm.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"

namespace distill {

// The Euclidean norm of all gradients of `parameters` taken together, before clipping. Where it is
// above `max_norm` (> 0), every gradient is multiplied by max_norm / (norm + 1e-6), as
// torch.nn.utils.clip_grad_norm_ does; a norm that is not finite changes nothing. 0 where no
// parameter has a gradient.
double ClipGradientNorm(absl::Span<const at::Tensor> parameters, double max_norm);

}  // namespace distill
