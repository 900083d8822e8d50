// SqueezeNet 1.0 and 1.1 (Iandola, Han, Moskewicz, Ashraf, Dally, Keutzer, "SqueezeNet:
// AlexNet-level accuracy with 50x fewer parameters", 2016, arXiv:1602.07360; 1.1 is by the same
// authors, with 2.4 times less computation) in the form of torchvision: published weights load
// under its names. With "stem" "small", the first convolution is 3x3 and keeps the size of the
// image.
#include <torch/nn/init.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/pooling.h>

#include <algorithm>
#include <array>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/zoo/arguments.h"
#include "common/zoo/family.h"
#include "common/zoo/image/stem.h"

namespace distill {
namespace {

enum class Version { k10, k11 };

struct SqueezeNetOptions {
  Version version = Version::k10;
  Stem stem = Stem::kImageNet;
  double dropout = 0;  // before the last convolution
  int64_t channels = 0;
  int64_t classes = 0;
};

struct FirstConvolution {
  int64_t channels;
  int64_t size;
  int64_t stride;
  int64_t padding;
};

FirstConvolution First(Version version, Stem stem) {
  const int64_t channels = version == Version::k10 ? 96 : 64;
  if (stem == Stem::kSmall) return {channels, 3, 1, 1};
  return {channels, version == Version::k10 ? 7 : 3, 2, 0};
}

// `squeeze` channels by 1x1, then four times as many by 1x1 and as many by 3x3.
class Fire : public torch::nn::Module {
 public:
  Fire(int64_t in, int64_t squeeze)
      : squeeze_(register_module("squeeze", torch::nn::Conv2d(Options(in, squeeze, 1)))),
        expand1x1_(
            register_module("expand1x1", torch::nn::Conv2d(Options(squeeze, 4 * squeeze, 1)))),
        expand3x3_(register_module(
            "expand3x3", torch::nn::Conv2d(Options(squeeze, 4 * squeeze, 3).padding(1)))) {}

  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor y = at::relu(squeeze_(x));
    return at::cat({at::relu(expand1x1_(y)), at::relu(expand3x3_(y))}, 1);
  }

 private:
  using Options = torch::nn::Conv2dOptions;
  torch::nn::Conv2d squeeze_;
  torch::nn::Conv2d expand1x1_;
  torch::nn::Conv2d expand3x3_;
};

// The parameters have torchvision's names: features.0.weight, features.3.squeeze.weight, …,
// classifier.1.weight.
class SqueezeNet : public OneInputModel {
 public:
  explicit SqueezeNet(const SqueezeNetOptions& options) {
    const FirstConvolution first = First(options.version, options.stem);
    features_->push_back(
        torch::nn::Conv2d(torch::nn::Conv2dOptions(options.channels, first.channels, first.size)
                              .stride(first.stride)
                              .padding(first.padding)));
    features_->push_back(torch::nn::ReLU());
    // The indices of the fire modules, of eight, that a pooling precedes.
    const std::array<size_t, 3> pools = options.version == Version::k10
                                            ? std::array<size_t, 3>{0, 3, 7}
                                            : std::array<size_t, 3>{0, 2, 4};
    int64_t in = first.channels;
    constexpr int64_t kSqueeze[] = {16, 16, 32, 32, 48, 48, 64, 64};
    for (size_t i = 0; i < std::size(kSqueeze); ++i) {
      if (std::find(pools.begin(), pools.end(), i) != pools.end()) {
        features_->push_back(
            torch::nn::MaxPool2d(torch::nn::MaxPool2dOptions(3).stride(2).ceil_mode(true)));
      }
      features_->push_back(std::make_shared<Fire>(in, kSqueeze[i]));
      in = 8 * kSqueeze[i];
    }
    torch::nn::Conv2d last(torch::nn::Conv2dOptions(in, options.classes, 1));
    classifier_->push_back(torch::nn::Dropout(options.dropout));
    classifier_->push_back(last);
    classifier_->push_back(torch::nn::ReLU());
    register_module("features", features_);
    register_module("classifier", classifier_);
    Draw(*last);
  }

  // The classifier is a convolution before the pooling, so the features do not determine the
  // logits.
  ModelOutput Compute(const at::Tensor& x) override {
    const at::Tensor y = features_->forward(x);
    return {.logits = at::adaptive_avg_pool2d(classifier_->forward(y), {1, 1}).flatten(1),
            .features = at::adaptive_avg_pool2d(y, {1, 1}).flatten(1)};
  }

 private:
  // Draws weights as torchvision does.
  void Draw(const torch::nn::Conv2dImpl& last) {
    for (const auto& each : modules(/*include_self=*/false)) {
      auto* conv = each->as<torch::nn::Conv2d>();
      if (conv == nullptr) continue;
      if (conv == &last) {
        torch::nn::init::normal_(conv->weight, 0, 0.01);
      } else {
        torch::nn::init::kaiming_uniform_(conv->weight);
      }
      torch::nn::init::zeros_(conv->bias);
    }
  }

  torch::nn::Sequential features_;
  torch::nn::Sequential classifier_;
};

Version ReadVersion(Arguments& arguments) {
  return arguments.OneOf("version", {"1.0", "1.1"}) == "1.0" ? Version::k10 : Version::k11;
}

absl::StatusOr<std::shared_ptr<Model>> CreateSqueezeNet(const nlohmann::json& json) {
  Arguments arguments("squeezenet", json);
  SqueezeNetOptions options;
  options.version = ReadVersion(arguments);
  options.stem = ReadStem(arguments);
  options.dropout = arguments.Fraction("dropout", 0.5);
  options.channels = arguments.Int("channels", {1, kMaxChannels});
  options.classes = arguments.Int("classes", {2, kMaxModelClasses});
  RETURN_IF_ERROR(arguments.Finish());
  return std::make_shared<SqueezeNet>(options);
}

absl::Status FitSqueezeNet(const Shape& input_shape, int64_t classes, nlohmann::json& arguments) {
  RETURN_IF_ERROR(FitImagesAndStem(input_shape, classes, arguments));
  // The smallest size that three poolings do not reduce to nothing: 8 after the first convolution.
  int64_t least = 8;
  if (arguments["stem"] == "imagenet") least = arguments["version"] == "1.0" ? 21 : 17;
  if (std::min(input_shape[1], input_shape[2]) < least) {
    return absl::InvalidArgumentError(absl::StrCat("it takes images of at least ", least, "x",
                                                   least, ", not ", ToString(input_shape)));
  }
  return absl::OkStatus();
}

}  // namespace

Family SqueezeNetFamily() {
  return {.name = "squeezenet",
          .variants = {{"squeezenet1_0", {{"version", "1.0"}}},
                       {"squeezenet1_1", {{"version", "1.1"}}}},
          .fit = FitSqueezeNet,
          .create = CreateSqueezeNet};
}

}  // namespace distill
