// ResNets for small images (He, Zhang, Ren, Sun, "Deep residual learning for image recognition",
// 2015, arXiv:1512.03385, section 4.2): three stages of (depth - 2) / 6 blocks with 16, 32 and 64
// channels.
#include <torch/nn/init.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "common/models/arguments.h"
#include "common/models/family.h"

namespace distill {
namespace {

constexpr std::array<int64_t, 7> kDepths = {8, 14, 20, 32, 44, 56, 110};

// How a block's input is added to its output where their shapes differ.
enum class Shortcut {
  kPad,      // option A: every second pixel, zeros for the new channels; no parameters
  kProject,  // option B: a 1x1 convolution with batch normalisation
};

torch::nn::Conv2d Conv(int64_t in, int64_t out, int64_t size, int64_t stride) {
  return torch::nn::Conv2d(
      torch::nn::Conv2dOptions(in, out, size).stride(stride).padding((size - 1) / 2).bias(false));
}

class BlockImpl : public torch::nn::Module {
 public:
  BlockImpl(int64_t in, int64_t out, int64_t stride, Shortcut shortcut)
      : stride_(stride),
        new_channels_(out - in),
        conv1_(register_module("conv1", Conv(in, out, 3, stride))),
        bn1_(register_module("bn1", torch::nn::BatchNorm2d(out))),
        conv2_(register_module("conv2", Conv(out, out, 3, 1))),
        bn2_(register_module("bn2", torch::nn::BatchNorm2d(out))) {
    if (shortcut == Shortcut::kProject && (stride != 1 || in != out)) {
      downsample_ = register_module(
          "downsample",
          torch::nn::Sequential(Conv(in, out, 1, stride), torch::nn::BatchNorm2d(out)));
    }
  }

  at::Tensor forward(const at::Tensor& x) {
    at::Tensor y = at::relu(bn1_(conv1_(x)));
    y = bn2_(conv2_(y));
    return at::relu(y + Shorten(x));
  }

 private:
  at::Tensor Shorten(const at::Tensor& x) {
    if (!downsample_.is_empty()) return downsample_->forward(x);
    if (stride_ == 1 && new_channels_ == 0) return x;
    const at::Tensor strided = x.slice(2, 0, INT64_MAX, stride_).slice(3, 0, INT64_MAX, stride_);
    // Pads are given from the last dimension backwards; half of the zeros lie on each side.
    const int64_t before = new_channels_ / 2;
    return at::constant_pad_nd(strided, {0, 0, 0, 0, before, new_channels_ - before});
  }

  const int64_t stride_;
  const int64_t new_channels_;
  torch::nn::Conv2d conv1_;
  torch::nn::BatchNorm2d bn1_;
  torch::nn::Conv2d conv2_;
  torch::nn::BatchNorm2d bn2_;
  torch::nn::Sequential downsample_ = nullptr;
};
TORCH_MODULE(Block);

// Parameters by torchvision's names: conv1, bn1, layer1.0.conv1, …, fc.
class CifarResNet : public Model {
 public:
  CifarResNet(int64_t depth, Shortcut shortcut, int64_t channels, int64_t classes)
      : conv1_(register_module("conv1", Conv(channels, 16, 3, 1))),
        bn1_(register_module("bn1", torch::nn::BatchNorm2d(16))) {
    const int64_t blocks = (depth - 2) / 6;
    int64_t in = 16;
    for (int stage = 0; stage < 3; ++stage) {
      const int64_t out = int64_t{16} << stage;
      torch::nn::Sequential layer;
      for (int64_t block = 0; block < blocks; ++block) {
        const int64_t stride = block == 0 && stage > 0 ? 2 : 1;
        layer->push_back(Block(in, out, stride, shortcut));
        in = out;
      }
      layers_.push_back(register_module(absl::StrCat("layer", stage + 1), layer));
    }
    fc_ = register_module("fc", torch::nn::Linear(in, classes));
    for (const auto& module : modules(/*include_self=*/false)) {
      if (auto* conv = module->as<torch::nn::Conv2d>()) {
        torch::nn::init::kaiming_normal_(conv->weight, 0.0, torch::kFanOut, torch::kReLU);
      }
    }
  }

  at::Tensor Forward(const at::Tensor& x) override {
    at::Tensor y = at::relu(bn1_(conv1_(x)));
    for (torch::nn::Sequential& layer : layers_) y = layer->forward(y);
    return fc_(at::adaptive_avg_pool2d(y, {1, 1}).flatten(1));  // [n, classes]
  }

 private:
  torch::nn::Conv2d conv1_;
  torch::nn::BatchNorm2d bn1_;
  std::vector<torch::nn::Sequential> layers_;
  torch::nn::Linear fc_ = nullptr;
};

absl::StatusOr<std::shared_ptr<Model>> Create(const nlohmann::json& json) {
  Arguments arguments("cifar_resnet", json);
  const int64_t depth = arguments.Int("depth", {kDepths.front(), kDepths.back()});
  const Shortcut shortcut =
      arguments.OneOf("shortcut", {"A", "B"}) == "A" ? Shortcut::kPad : Shortcut::kProject;
  const int64_t channels = arguments.Int("channels", {1, kMaxChannels});
  const int64_t classes = arguments.Int("classes", {2, kMaxClasses});
  RETURN_IF_ERROR(arguments.Finish());
  if (std::find(kDepths.begin(), kDepths.end(), depth) == kDepths.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("arguments of cifar_resnet: \"depth\" must be one of ",
                     absl::StrJoin(kDepths, ", "), ", got ", depth));
  }
  return std::make_shared<CifarResNet>(depth, shortcut, channels, classes);
}

}  // namespace

Family CifarResNetFamily() {
  Family family{.name = "cifar_resnet", .variants = {}, .fit = FitImages, .create = Create};
  for (int64_t depth : kDepths) {
    family.variants.push_back(
        {absl::StrCat("cifar_resnet", depth), {{"depth", depth}, {"shortcut", "A"}}});
  }
  return family;
}

}  // namespace distill
