// The blocks of residual networks (He, Zhang, Ren, Sun, "Deep residual learning for image
// recognition", 2015, arXiv:1512.03385), with torchvision's parameter names: conv1, bn1, …,
// downsample.0, downsample.1.
#pragma once

#include <torch/nn/modules/container/sequential.h>

#include <cstdint>

namespace distill {

// How the input of a block is added to its output if their shapes differ.
enum class Shortcut {
  kPad,      // option A: every second pixel, zeros for the new channels; no parameters
  kProject,  // option B: a 1x1 convolution with batch normalisation
};

enum class ResidualBlock {
  kBasic,       // two 3x3 convolutions
  kBottleneck,  // 1x1, 3x3, and 1x1 to 4 times the width
};

// Returns the output channels of a block of this width.
int64_t OutputChannels(ResidualBlock kind, int64_t width);

// Makes a sequence of `blocks` blocks. The first takes `in` channels and has `stride`; in a
// bottleneck the 3x3 convolution has the stride, as in torchvision ("ResNet v1.5"), whereas in the
// paper the first 1x1 convolution has it.
torch::nn::Sequential ResidualStage(ResidualBlock kind, Shortcut shortcut, int64_t in,
                                    int64_t width, int64_t blocks, int64_t stride);

}  // namespace distill
