// Counts the cost of a forward pass as the literature does: multiply-adds of convolutions and
// matrix products. Batch normalisation, activations and additions are not counted.
#pragma once

#include <cstdint>
#include <functional>

namespace distill {

// Runs `forward` and counts what the calling thread computes in it, eagerly or as TorchScript that
// was not frozen or optimised. May throw, as `forward` does. Transposed convolutions, and
// operations that Torch does not name as convolution or matrix product, such as fused attention,
// are not counted.
int64_t CountMultiplyAdds(const std::function<void()>& forward);

}  // namespace distill
