// What a forward pass costs, as the literature counts it: multiply-adds of convolutions and matrix
// products. Batch normalisation, activations and additions are left out.
#pragma once

#include <cstdint>
#include <functional>

namespace distill {

// Runs `forward` and counts what the calling thread computes in it, eagerly or as TorchScript that
// was not frozen or optimised. May throw, as `forward` does. Transposed convolutions, and
// operations that Torch does not name as convolution or matrix product, such as fused attention,
// count nothing.
int64_t CountMultiplyAdds(const std::function<void()>& forward);

}  // namespace distill
