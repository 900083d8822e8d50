// The blocks of residual networks (He, Zhang, Ren, Sun, "Deep residual learning for image
// recognition", 2015, arXiv:1512.03385), with torchvision's names of parameters: conv1, bn1, …,
// downsample.0, downsample.1.
#pragma once

#include <torch/nn/modules/container/sequential.h>

#include <cstdint>

namespace distill {

// How a block's input is added to its output where their shapes differ.
enum class Shortcut {
  kPad,      // option A: every second pixel, zeros for the new channels; no parameters
  kProject,  // option B: a 1x1 convolution with batch normalisation
};

enum class ResidualBlock {
  kBasic,       // two 3x3 convolutions
  kBottleneck,  // 1x1, 3x3, and 1x1 to 4 times the width
};

// Channels that a block of this width gives.
int64_t OutputChannels(ResidualBlock kind, int64_t width);

// `blocks` of them, one after the other. The first takes `in` channels and has `stride`; of a
// bottleneck its 3x3 convolution has it, as in torchvision ("ResNet v1.5"; in the paper, the first
// 1x1).
torch::nn::Sequential ResidualStage(ResidualBlock kind, Shortcut shortcut, int64_t in,
                                    int64_t width, int64_t blocks, int64_t stride);

}  // namespace distill
