// MobileNetV2 (Sandler, Howard, Zhu, Zhmoginov, Chen, "MobileNetV2: inverted residuals and linear
// bottlenecks", 2018, arXiv:1801.04381, table 2) in the form of torchvision: published weights load
// under its names. With "stem" "small", the first convolution and the second stage keep the size of
// the image, so that 32x32 ends as 4x4.
#include <torch/nn/init.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <memory>

#include "common/base/status_macros.h"
#include "common/zoo/arguments.h"
#include "common/zoo/family.h"
#include "common/zoo/image/convolution.h"
#include "common/zoo/image/stem.h"

namespace distill {
namespace {

// The t, c, n and s of the paper.
struct Stage {
  int64_t expansion;
  int64_t channels;
  int64_t blocks;
  int64_t stride;
};
constexpr Stage kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                             {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
constexpr int64_t kFirstChannels = 32;
constexpr int64_t kLastChannels = 1280;

struct MobileNetV2Options {
  double width = 1;
  Stem stem = Stem::kImageNet;
  double dropout = 0;  // before the classifier
  int64_t channels = 0;
  int64_t classes = 0;
};

// Returns the nearest multiple of 8 that is at least 0.9 of `channels` (the authors'
// _make_divisible).
int64_t Scaled(int64_t channels, double width) {
  const double scaled = static_cast<double>(channels) * width;
  const int64_t rounded = std::max<int64_t>(8, static_cast<int64_t>(scaled + 4) / 8 * 8);
  return static_cast<double>(rounded) < 0.9 * scaled ? rounded + 8 : rounded;
}

// A Sequential that can be part of another: torchvision's Conv2dNormActivation.
class ConvolutionBnRelu : public torch::nn::SequentialImpl {
 public:
  ConvolutionBnRelu(int64_t in, int64_t out, int64_t size, int64_t stride, int64_t groups = 1) {
    push_back(Convolution(in, out, size, stride, groups));
    push_back(torch::nn::BatchNorm2d(out));
    push_back(torch::nn::ReLU6());
  }

  at::Tensor forward(const at::Tensor& x) { return torch::nn::SequentialImpl::forward(x); }
};

class InvertedResidual : public torch::nn::Module {
 public:
  InvertedResidual(int64_t in, int64_t out, int64_t stride, int64_t expansion)
      : adds_(stride == 1 && in == out) {
    const int64_t hidden = in * expansion;
    if (expansion != 1) conv_->push_back(std::make_shared<ConvolutionBnRelu>(in, hidden, 1, 1));
    conv_->push_back(
        std::make_shared<ConvolutionBnRelu>(hidden, hidden, 3, stride, /*groups=*/hidden));
    conv_->push_back(Convolution(hidden, out, 1, 1));
    conv_->push_back(torch::nn::BatchNorm2d(out));
    register_module("conv", conv_);
  }

  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor y = conv_->forward(x);
    return adds_ ? x + y : y;
  }

 private:
  const bool adds_;
  torch::nn::Sequential conv_;
};

// The parameters have torchvision's names: features.0.0.weight, features.1.conv.0.0.weight, …,
// classifier.1.weight.
class MobileNetV2 : public OneInputModel {
 public:
  explicit MobileNetV2(const MobileNetV2Options& options) {
    const bool small = options.stem == Stem::kSmall;
    int64_t in = Scaled(kFirstChannels, options.width);
    features_->push_back(
        std::make_shared<ConvolutionBnRelu>(options.channels, in, 3, small ? 1 : 2));
    for (const Stage& stage : kStages) {
      const int64_t out = Scaled(stage.channels, options.width);
      const bool keeps_size = small && &stage == &kStages[1];
      for (int64_t block = 0; block < stage.blocks; ++block) {
        const int64_t stride = block == 0 && !keeps_size ? stage.stride : 1;
        features_->push_back(std::make_shared<InvertedResidual>(in, out, stride, stage.expansion));
        in = out;
      }
    }
    const int64_t last = Scaled(kLastChannels, std::max(1.0, options.width));
    features_->push_back(std::make_shared<ConvolutionBnRelu>(in, last, 1, 1));
    head_ = torch::nn::Linear(last, options.classes);
    torch::nn::init::normal_(head_->weight, 0, 0.01);
    torch::nn::init::zeros_(head_->bias);
    classifier_->push_back(torch::nn::Dropout(options.dropout));
    classifier_->push_back(head_);
    register_module("features", features_);
    register_module("classifier", classifier_);
    DrawConvolutions(*this);
  }

  ModelOutput Compute(const at::Tensor& x) override {
    const at::Tensor features = at::adaptive_avg_pool2d(features_->forward(x), {1, 1}).flatten(1);
    return {.logits = classifier_->forward(features), .features = features};
  }

  std::shared_ptr<torch::nn::LinearImpl> Head() const override { return head_.ptr(); }

 private:
  torch::nn::Sequential features_;
  torch::nn::Sequential classifier_;
  torch::nn::Linear head_ = nullptr;  // the last of classifier_
};

absl::StatusOr<std::shared_ptr<Model>> CreateMobileNetV2(const nlohmann::json& json) {
  Arguments arguments("mobilenet_v2", json);
  MobileNetV2Options options;
  options.width = arguments.Number("width", 0.1, 4, 1);
  options.stem = ReadStem(arguments);
  options.dropout = arguments.Fraction("dropout", 0.2);
  options.channels = arguments.Int("channels", {1, kMaxChannels});
  options.classes = arguments.Int("classes", {2, kMaxModelClasses});
  RETURN_IF_ERROR(arguments.Finish());
  return std::make_shared<MobileNetV2>(options);
}

}  // namespace

Family MobileNetV2Family() {
  return {.name = "mobilenet_v2",
          .variants = {{"mobilenet_v2", {{"width", 1.0}}}, {"mobilenet_v2_050", {{"width", 0.5}}}},
          .fit = FitImagesAndStem,
          .create = CreateMobileNetV2};
}

}  // namespace distill
