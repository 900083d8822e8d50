// Convolutions that the families for images share.
#pragma once

#include <torch/nn/modules/conv.h>

#include <cstdint>

namespace distill {

// Makes a convolution without bias, padded so that stride 1 keeps the size of the image.
torch::nn::Conv2d Convolution(int64_t in, int64_t out, int64_t size, int64_t stride,
                              int64_t groups = 1);

// Draws the weights of all convolutions in `module` from the normal distribution of He et al.
// (arXiv:1502.01852), scaled by their fan-out.
void DrawConvolutions(torch::nn::Module& module);

}  // namespace distill
