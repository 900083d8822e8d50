#include "common/zoo/image/residual_blocks.h"

#include <torch/nn/modules/batchnorm.h>

#include <memory>

#include "common/zoo/image/convolution.h"

namespace distill {
namespace {

constexpr int64_t kExpansion = 4;  // of a bottleneck

// The part that both kinds share: the path around the convolutions.
class Block : public torch::nn::Module {
 public:
  Block(int64_t in, int64_t out, int64_t stride, Shortcut shortcut)
      : stride_(stride), new_channels_(out - in) {
    if (shortcut == Shortcut::kProject && (stride != 1 || in != out)) {
      downsample_ =
          torch::nn::Sequential(Convolution(in, out, 1, stride), torch::nn::BatchNorm2d(out));
    }
  }

 protected:
  // Must be called after the layers of the block are registered, so that parameters are in the
  // order of torchvision.
  void RegisterShortcut() {
    if (!downsample_.is_empty()) register_module("downsample", downsample_);
  }

  at::Tensor Shorten(const at::Tensor& x) {
    if (!downsample_.is_empty()) return downsample_->forward(x);
    if (stride_ == 1 && new_channels_ == 0) return x;
    const at::Tensor strided = x.slice(2, 0, INT64_MAX, stride_).slice(3, 0, INT64_MAX, stride_);
    // Padding is given from the last dimension backwards; half of the zeros are on each side.
    const int64_t before = new_channels_ / 2;
    return at::constant_pad_nd(strided, {0, 0, 0, 0, before, new_channels_ - before});
  }

 private:
  const int64_t stride_;
  const int64_t new_channels_;
  torch::nn::Sequential downsample_ = nullptr;
};

class BasicBlock : public Block {
 public:
  BasicBlock(int64_t in, int64_t width, int64_t stride, Shortcut shortcut)
      : Block(in, width, stride, shortcut),
        conv1_(register_module("conv1", Convolution(in, width, 3, stride))),
        bn1_(register_module("bn1", torch::nn::BatchNorm2d(width))),
        conv2_(register_module("conv2", Convolution(width, width, 3, 1))),
        bn2_(register_module("bn2", torch::nn::BatchNorm2d(width))) {
    RegisterShortcut();
  }

  at::Tensor forward(const at::Tensor& x) {
    at::Tensor y = at::relu(bn1_(conv1_(x)));
    y = bn2_(conv2_(y));
    return at::relu(y + Shorten(x));
  }

 private:
  torch::nn::Conv2d conv1_;
  torch::nn::BatchNorm2d bn1_;
  torch::nn::Conv2d conv2_;
  torch::nn::BatchNorm2d bn2_;
};

class Bottleneck : public Block {
 public:
  Bottleneck(int64_t in, int64_t width, int64_t stride, Shortcut shortcut)
      : Block(in, kExpansion * width, stride, shortcut),
        conv1_(register_module("conv1", Convolution(in, width, 1, 1))),
        bn1_(register_module("bn1", torch::nn::BatchNorm2d(width))),
        conv2_(register_module("conv2", Convolution(width, width, 3, stride))),
        bn2_(register_module("bn2", torch::nn::BatchNorm2d(width))),
        conv3_(register_module("conv3", Convolution(width, kExpansion * width, 1, 1))),
        bn3_(register_module("bn3", torch::nn::BatchNorm2d(kExpansion * width))) {
    RegisterShortcut();
  }

  at::Tensor forward(const at::Tensor& x) {
    at::Tensor y = at::relu(bn1_(conv1_(x)));
    y = at::relu(bn2_(conv2_(y)));
    y = bn3_(conv3_(y));
    return at::relu(y + Shorten(x));
  }

 private:
  torch::nn::Conv2d conv1_;
  torch::nn::BatchNorm2d bn1_;
  torch::nn::Conv2d conv2_;
  torch::nn::BatchNorm2d bn2_;
  torch::nn::Conv2d conv3_;
  torch::nn::BatchNorm2d bn3_;
};

}  // namespace

int64_t OutputChannels(ResidualBlock kind, int64_t width) {
  return kind == ResidualBlock::kBottleneck ? kExpansion * width : width;
}

torch::nn::Sequential ResidualStage(ResidualBlock kind, Shortcut shortcut, int64_t in,
                                    int64_t width, int64_t blocks, int64_t stride) {
  torch::nn::Sequential stage;
  for (int64_t i = 0; i < blocks; ++i) {
    if (kind == ResidualBlock::kBasic) {
      stage->push_back(std::make_shared<BasicBlock>(in, width, stride, shortcut));
    } else {
      stage->push_back(std::make_shared<Bottleneck>(in, width, stride, shortcut));
    }
    in = OutputChannels(kind, width);
    stride = 1;
  }
  return stage;
}

}  // namespace distill
