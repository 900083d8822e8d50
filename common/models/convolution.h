// Convolutions as the families for images have them.
#pragma once

#include <torch/nn/modules/conv.h>

#include <cstdint>

namespace distill {

// Without bias, padded so that stride 1 keeps the image's size.
torch::nn::Conv2d Convolution(int64_t in, int64_t out, int64_t size, int64_t stride,
                              int64_t groups = 1);

// Draws the weights of all convolutions in `module` from He et al.'s normal distribution
// (arXiv:1502.01852), by their fan-out.
void DrawConvolutions(torch::nn::Module& module);

}  // namespace distill
