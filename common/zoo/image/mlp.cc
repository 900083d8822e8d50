// Multi-layer perceptrons: linear layers with ReLU and dropout between them.
#include <torch/nn/init.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/linear.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/zoo/arguments.h"
#include "common/zoo/family.h"

namespace distill {
namespace {

constexpr int64_t kMaxInputs = int64_t{1} << 24;
constexpr int64_t kMaxWidth = 65536;

struct MlpOptions {
  int64_t inputs = 0;
  std::vector<int64_t> hidden;
  int64_t classes = 0;
  double dropout = 0;        // on each hidden layer
  double input_dropout = 0;  // on the inputs
};

// Parameters: layers.0.weight, layers.0.bias, layers.1.weight, …
class Mlp : public OneInputModel {
 public:
  explicit Mlp(MlpOptions options) : options_(std::move(options)) {
    register_module("layers", layers_);
    int64_t width = options_.inputs;
    for (int64_t next : options_.hidden) {
      layers_->push_back(torch::nn::Linear(width, next));
      width = next;
    }
    layers_->push_back(torch::nn::Linear(width, options_.classes));
    for (const auto& layer : *layers_) {
      auto* linear = layer->as<torch::nn::Linear>();
      torch::nn::init::kaiming_normal_(linear->weight, 0.0, torch::kFanIn, torch::kReLU);
      torch::nn::init::zeros_(linear->bias);
    }
  }

  // The features are the last hidden layer, before its dropout.
  ModelOutput Compute(const at::Tensor& x) override {
    at::Tensor features = x.flatten(1);
    at::Tensor y = at::dropout(features, options_.input_dropout, is_training());
    for (size_t i = 0; i + 1 < layers_->size(); ++i) {
      features = at::relu(layers_[i]->as<torch::nn::Linear>()->forward(y));
      y = at::dropout(features, options_.dropout, is_training());
    }
    return {.logits = Head()->forward(y), .features = features};
  }

  std::shared_ptr<torch::nn::LinearImpl> Head() const override {
    return layers_->ptr<torch::nn::LinearImpl>(layers_->size() - 1);
  }

 private:
  const MlpOptions options_;
  torch::nn::ModuleList layers_;
};

absl::StatusOr<std::shared_ptr<Model>> CreateMlp(const nlohmann::json& json) {
  Arguments arguments("mlp", json);
  MlpOptions options;
  if (arguments.Has("inputs")) {
    options.inputs = arguments.Int("inputs", {1, kMaxInputs});
    if (arguments.Has("input_shape")) {
      return absl::InvalidArgumentError(
          "arguments of mlp: 'inputs' and 'input_shape' say the same thing; give one of them");
    }
  } else {
    const std::vector<int64_t> shape = arguments.IntList("input_shape", {1, 8}, {1, kMaxInputs});
    options.inputs = 1;
    for (int64_t size : shape) {
      if (size > kMaxInputs / options.inputs) {
        return absl::InvalidArgumentError(absl::StrCat("arguments of mlp: 'input_shape' ",
                                                       ToString(shape), " has over ", kMaxInputs,
                                                       " elements"));
      }
      options.inputs *= size;
    }
  }
  options.hidden = arguments.IntList("hidden", {0, 64}, {1, kMaxWidth});
  options.classes = arguments.Int("classes", {2, kMaxModelClasses});
  options.dropout = arguments.Fraction("dropout");
  options.input_dropout = arguments.Fraction("input_dropout");
  RETURN_IF_ERROR(arguments.Finish());
  return std::make_shared<Mlp>(std::move(options));
}

absl::Status FitMlp(const Shape& input_shape, int64_t classes, nlohmann::json& arguments) {
  if (input_shape.empty()) {
    return absl::InvalidArgumentError("it takes inputs of at least one dimension, not []");
  }
  arguments["input_shape"] = input_shape;
  arguments["classes"] = classes;
  return absl::OkStatus();
}

}  // namespace

Family MlpFamily() {
  // The two larger variants are the student and the teacher of Hinton, Vinyals, Dean,
  // arXiv:1503.02531, section 3.
  return {.name = "mlp",
          .variants = {{"mlp_small", {{"hidden", {128}}}},
                       {"mlp_medium", {{"hidden", {800, 800}}}},
                       {"mlp_large",
                        {{"hidden", {1200, 1200}}, {"dropout", 0.5}, {"input_dropout", 0.2}}}},
          .fit = FitMlp,
          .create = CreateMlp};
}

}  // namespace distill
