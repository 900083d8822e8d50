// ResNets (He, Zhang, Ren, Sun, "Deep residual learning for image recognition", 2015,
// arXiv:1512.03385, table 1) in the form of torchvision: published weights load under its names.
// "stem" is "imagenet", which reduces each side of the image to a quarter, or "small", a 3x3
// convolution that keeps the size, for images like those of CIFAR.
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/zoo/arguments.h"
#include "common/zoo/family.h"
#include "common/zoo/image/convolution.h"
#include "common/zoo/image/residual_blocks.h"
#include "common/zoo/image/stem.h"

namespace distill {
namespace {

struct Depth {
  int64_t depth;
  ResidualBlock block;
  std::array<int64_t, 4> blocks;  // of each stage
};
constexpr Depth kDepths[] = {{18, ResidualBlock::kBasic, {2, 2, 2, 2}},
                             {34, ResidualBlock::kBasic, {3, 4, 6, 3}},
                             {50, ResidualBlock::kBottleneck, {3, 4, 6, 3}},
                             {101, ResidualBlock::kBottleneck, {3, 4, 23, 3}},
                             {152, ResidualBlock::kBottleneck, {3, 8, 36, 3}}};
constexpr int64_t kWidth = 64;  // of the stem and the first stage

// The parameters have torchvision's names: conv1, bn1, layer1.0.conv1, …, fc.
class ResNet : public OneInputModel {
 public:
  ResNet(const Depth& depth, Stem stem, int64_t channels, int64_t classes)
      : stem_(stem),
        conv1_(register_module("conv1", stem == Stem::kSmall
                                            ? Convolution(channels, kWidth, 3, 1)
                                            : Convolution(channels, kWidth, 7, 2))),
        bn1_(register_module("bn1", torch::nn::BatchNorm2d(kWidth))) {
    int64_t in = kWidth;
    for (size_t i = 0; i < depth.blocks.size(); ++i) {
      const int64_t width = kWidth << i;
      layers_.push_back(
          register_module(absl::StrCat("layer", i + 1),
                          ResidualStage(depth.block, Shortcut::kProject, in, width, depth.blocks[i],
                                        /*stride=*/i == 0 ? 1 : 2)));
      in = OutputChannels(depth.block, width);
    }
    fc_ = register_module("fc", torch::nn::Linear(in, classes));
    DrawConvolutions(*this);
  }

  ModelOutput Compute(const at::Tensor& x) override {
    at::Tensor y = at::relu(bn1_(conv1_(x)));
    if (stem_ == Stem::kImageNet) y = at::max_pool2d(y, {3, 3}, {2, 2}, {1, 1});
    for (torch::nn::Sequential& layer : layers_) y = layer->forward(y);
    const at::Tensor features = at::adaptive_avg_pool2d(y, {1, 1}).flatten(1);
    return {.logits = fc_(features), .features = features};
  }

  std::shared_ptr<torch::nn::LinearImpl> Head() const override { return fc_.ptr(); }

 private:
  const Stem stem_;
  torch::nn::Conv2d conv1_;
  torch::nn::BatchNorm2d bn1_;
  std::vector<torch::nn::Sequential> layers_;
  torch::nn::Linear fc_ = nullptr;
};

absl::StatusOr<std::shared_ptr<Model>> CreateResNet(const nlohmann::json& json) {
  Arguments arguments("resnet", json);
  const int64_t depth = arguments.Int("depth", {18, 152});
  const Stem stem = ReadStem(arguments);
  const int64_t channels = arguments.Int("channels", {1, kMaxChannels});
  const int64_t classes = arguments.Int("classes", {2, kMaxModelClasses});
  RETURN_IF_ERROR(arguments.Finish());
  for (const Depth& known : kDepths) {
    if (known.depth == depth) return std::make_shared<ResNet>(known, stem, channels, classes);
  }
  return InvalidValue("arguments of resnet: 'depth'", depth, "18, 34, 50, 101 or 152");
}

}  // namespace

Family ResNetFamily() {
  Family family{.name = "resnet", .variants = {}, .fit = FitImagesAndStem, .create = CreateResNet};
  for (const Depth& known : kDepths) {
    family.variants.push_back({absl::StrCat("resnet", known.depth), {{"depth", known.depth}}});
  }
  return family;
}

}  // namespace distill
