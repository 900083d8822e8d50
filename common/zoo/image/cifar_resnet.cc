// ResNets for small images (He, Zhang, Ren, Sun, "Deep residual learning for image recognition",
// 2015, arXiv:1512.03385, section 4.2) have three stages of (depth - 2) / 6 basic blocks with 16,
// 32 and 64 channels. The wider "x4" models are those that the literature on distillation compares
// (Tian, Krishnan, Isola, "Contrastive representation distillation", 2020, arXiv:1910.10699,
// appendix): they have stages of 64, 128 and 256 channels after a first convolution of 32.
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "common/zoo/arguments.h"
#include "common/zoo/family.h"
#include "common/zoo/image/convolution.h"
#include "common/zoo/image/fit_images.h"
#include "common/zoo/image/residual_blocks.h"

namespace distill {
namespace {

constexpr std::array<int64_t, 7> kPaperDepths = {8, 14, 20, 32, 44, 56, 110};
const std::vector<int64_t> kWidths = {16, 16, 32, 64};

struct CifarResNetOptions {
  int64_t depth = 0;
  std::vector<int64_t> widths;  // of the first convolution, and of each stage
  Shortcut shortcut = Shortcut::kPad;
  int64_t channels = 0;
  int64_t classes = 0;
};

// The parameters have torchvision's names: conv1, bn1, layer1.0.conv1, …, fc.
class CifarResNet : public OneInputModel {
 public:
  explicit CifarResNet(const CifarResNetOptions& options)
      : conv1_(register_module("conv1", Convolution(options.channels, options.widths[0], 3, 1))),
        bn1_(register_module("bn1", torch::nn::BatchNorm2d(options.widths[0]))) {
    const int64_t blocks = (options.depth - 2) / 6;
    for (size_t i = 1; i < options.widths.size(); ++i) {
      layers_.push_back(register_module(
          absl::StrCat("layer", i),
          ResidualStage(ResidualBlock::kBasic, options.shortcut, options.widths[i - 1],
                        options.widths[i], blocks, /*stride=*/i == 1 ? 1 : 2)));
    }
    fc_ = register_module("fc", torch::nn::Linear(options.widths.back(), options.classes));
    DrawConvolutions(*this);
  }

  ModelOutput Compute(const at::Tensor& x) override {
    at::Tensor y = at::relu(bn1_(conv1_(x)));
    for (torch::nn::Sequential& layer : layers_) y = layer->forward(y);
    const at::Tensor features = at::adaptive_avg_pool2d(y, {1, 1}).flatten(1);
    return {.logits = fc_(features), .features = features};
  }

  std::shared_ptr<torch::nn::LinearImpl> Head() const override { return fc_.ptr(); }

 private:
  torch::nn::Conv2d conv1_;
  torch::nn::BatchNorm2d bn1_;
  std::vector<torch::nn::Sequential> layers_;
  torch::nn::Linear fc_ = nullptr;
};

absl::StatusOr<std::shared_ptr<Model>> CreateCifarResNet(const nlohmann::json& json) {
  Arguments arguments("cifar_resnet", json);
  CifarResNetOptions options;
  options.depth = arguments.Int("depth", {kPaperDepths.front(), kPaperDepths.back()});
  options.widths = kWidths;
  if (arguments.Has("widths")) options.widths = arguments.IntList("widths", {4, 4}, {1, 4096});
  options.shortcut =
      arguments.OneOf("shortcut", {"A", "B"}) == "A" ? Shortcut::kPad : Shortcut::kProject;
  options.channels = arguments.Int("channels", {1, kMaxChannels});
  options.classes = arguments.Int("classes", {2, kMaxModelClasses});
  RETURN_IF_ERROR(arguments.Finish());
  if (std::find(kPaperDepths.begin(), kPaperDepths.end(), options.depth) == kPaperDepths.end()) {
    return InvalidValue("arguments of cifar_resnet: 'depth'", options.depth,
                        absl::StrCat("one of ", absl::StrJoin(kPaperDepths, ", ")));
  }
  if (options.shortcut == Shortcut::kPad &&
      !std::is_sorted(options.widths.begin(), options.widths.end())) {
    return InvalidValue("arguments of cifar_resnet: 'widths'", ToString(options.widths),
                        "in ascending order where 'shortcut' is A");
  }
  return std::make_shared<CifarResNet>(options);
}

}  // namespace

Family CifarResNetFamily() {
  Family family{
      .name = "cifar_resnet", .variants = {}, .fit = FitImages, .create = CreateCifarResNet};
  for (int64_t depth : kPaperDepths) {
    family.variants.push_back(
        {absl::StrCat("cifar_resnet", depth), {{"depth", depth}, {"shortcut", "A"}}});
  }
  for (int64_t depth : {8, 32}) {
    family.variants.push_back(
        {absl::StrCat("cifar_resnet", depth, "x4"),
         {{"depth", depth}, {"shortcut", "B"}, {"widths", {32, 64, 128, 256}}}});
  }
  return family;
}

}  // namespace distill
