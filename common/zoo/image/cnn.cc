// Convolutional networks for small images: stages of 3x3 convolutions with batch normalisation and
// ReLU, 2x2 max pooling between the stages, then average pooling and a linear classifier. "plain"
// has the structure of VGG (arXiv:1409.1556), "separable" has the blocks of MobileNet
// (arXiv:1704.04861).
#include <torch/nn/init.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/pooling.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/zoo/arguments.h"
#include "common/zoo/family.h"
#include "common/zoo/image/fit_images.h"

namespace distill {
namespace {

constexpr int64_t kMaxStages = 10;

enum class Kind {
  kPlain,
  kSeparable,  // each convolution but the first is a depthwise 3x3 and a pointwise 1x1 one
};

struct CnnOptions {
  int64_t channels = 0;
  int64_t classes = 0;
  std::vector<std::vector<int64_t>> stages;  // the widths of each stage's convolutions
  Kind kind = Kind::kPlain;
  int64_t pool = 1;  // side of the average pooling's output, which has pool² · last width values
  int64_t hidden = 0;  // width of a linear layer before the last; 0: none
  double dropout = 0;  // before the last linear layer
};

// The parameters have torchvision's names for VGG: features.0.weight, …, classifier.1.weight.
class Cnn : public OneInputModel {
 public:
  explicit Cnn(const CnnOptions& options) : pool_(options.pool), dropout_(options.dropout) {
    int64_t in = options.channels;
    for (size_t stage = 0; stage < options.stages.size(); ++stage) {
      if (stage > 0) features_->push_back(torch::nn::MaxPool2d(2));
      for (int64_t out : options.stages[stage]) {
        if (options.kind == Kind::kSeparable && !features_->is_empty()) {
          AddConvolution(in, in, 3, in);
          AddConvolution(in, out, 1, 1);
        } else {
          AddConvolution(in, out, 3, 1);
        }
        in = out;
      }
    }
    in *= options.pool * options.pool;
    if (options.hidden > 0) {
      hidden_ = torch::nn::Linear(in, options.hidden);
      classifier_->push_back(hidden_);
      classifier_->push_back(torch::nn::ReLU());
      in = options.hidden;
    }
    head_ = torch::nn::Linear(in, options.classes);
    classifier_->push_back(torch::nn::Dropout(options.dropout));
    classifier_->push_back(head_);
    register_module("features", features_);
    register_module("classifier", classifier_);
  }

  ModelOutput Compute(const at::Tensor& x) override {
    const at::Tensor y = features_->forward(x);
    at::Tensor features = at::adaptive_avg_pool2d(y, {pool_, pool_}).flatten(1);
    if (hidden_) features = at::relu(hidden_(features));
    return {.logits = head_(at::dropout(features, dropout_, is_training())), .features = features};
  }

  std::shared_ptr<torch::nn::LinearImpl> Head() const override { return head_.ptr(); }

 private:
  void AddConvolution(int64_t in, int64_t out, int64_t size, int64_t groups) {
    torch::nn::Conv2d conv(
        torch::nn::Conv2dOptions(in, out, size).padding((size - 1) / 2).groups(groups).bias(false));
    // A depthwise filter reads one channel, regardless of the number of channels: its fan is 3x3.
    torch::nn::init::kaiming_normal_(
        conv->weight, 0.0,
        groups == 1 ? torch::nn::init::FanModeType(torch::kFanOut) : torch::kFanIn, torch::kReLU);
    features_->push_back(conv);
    features_->push_back(torch::nn::BatchNorm2d(out));
    features_->push_back(torch::nn::ReLU());
  }

  const int64_t pool_;
  const double dropout_;
  torch::nn::Sequential features_;
  torch::nn::Sequential classifier_;  // holds the layers below
  torch::nn::Linear hidden_ = nullptr;
  torch::nn::Linear head_ = nullptr;
};

absl::StatusOr<std::shared_ptr<Model>> CreateCnn(const nlohmann::json& json) {
  Arguments arguments("cnn", json);
  CnnOptions options;
  options.channels = arguments.Int("channels", {1, kMaxChannels});
  options.classes = arguments.Int("classes", {2, kMaxModelClasses});
  options.stages = arguments.IntLists("stages", {1, kMaxStages}, {1, 16}, {1, 4096});
  options.kind =
      arguments.OneOf("kind", {"plain", "separable"}) == "plain" ? Kind::kPlain : Kind::kSeparable;
  options.pool = arguments.Int("pool", {1, 32}, 1);
  options.hidden = arguments.Int("hidden", {0, 65536}, 0);
  options.dropout = arguments.Fraction("dropout");
  RETURN_IF_ERROR(arguments.Finish());
  return std::make_shared<Cnn>(options);
}

absl::Status FitCnn(const Shape& input_shape, int64_t classes, nlohmann::json& arguments) {
  RETURN_IF_ERROR(FitImages(input_shape, classes, arguments));
  // Each pooling halves the image, rounding down.
  const int64_t least = int64_t{1} << (arguments["stages"].size() - 1);
  if (std::min(input_shape[1], input_shape[2]) < least) {
    return absl::InvalidArgumentError(absl::StrCat("it takes images of at least ", least, "x",
                                                   least, ", not ", ToString(input_shape)));
  }
  return absl::OkStatus();
}

}  // namespace

Family CnnFamily() {
  return {.name = "cnn",
          .variants = {{"cnn_student", {{"stages", {{8}, {16, 16}, {32}}}}},
                       {"cnn_teacher", {{"stages", {{16}, {32, 32}, {64, 64}, {160, 160}}}}}},
          .fit = FitCnn,
          .create = CreateCnn};
}

}  // namespace distill
