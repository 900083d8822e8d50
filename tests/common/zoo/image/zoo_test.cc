// Tests the architectures of the zoo: their sizes, the names of parameters, and their behaviour.
#include <string>
#include <vector>

#include "common/zoo/registry.h"
#include "common/zoo/weights.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsSupersetOf;

std::shared_ptr<Model> Make(const std::string& name, const std::string& arguments) {
  absl::StatusOr<std::shared_ptr<Model>> model =
      CreateModel({name, nlohmann::json::parse(arguments)});
  EXPECT_TRUE(model.ok()) << model.status();
  return *std::move(model);
}

std::vector<std::string> ParameterNames(const Model& model) {
  return model.named_parameters().keys();
}

int64_t ParametersOf(const std::string& student, const Shape& shape, int64_t classes) {
  const absl::StatusOr<Architecture> architecture = ArchitectureOf(student, shape, classes);
  EXPECT_TRUE(architecture.ok()) << architecture.status();
  return CountParameters(**CreateModel(*architecture));
}

// From the table of the paper: 6·blocks + 2 layers; 3x3 convolutions of 16, 32, 64 channels, each
// with the two vectors of a BatchNorm; option B adds a 1x1 convolution and a BatchNorm at both
// changes of width.
int64_t ResNetParameters(int64_t depth, bool projects) {
  const int64_t blocks = (depth - 2) / 6;
  int64_t count = 9 * 3 * 16 + 2 * 16;
  int64_t in = 16;
  for (int64_t width : {16, 32, 64}) {
    count += 9 * in * width + (2 * blocks - 1) * 9 * width * width + 2 * blocks * 2 * width;
    if (projects && in != width) count += in * width + 2 * width;
    in = width;
  }
  return count + 64 * 10 + 10;
}

TEST(CifarResNetTest, ParametersAreThoseOfThePaper) {
  EXPECT_EQ(ParametersOf("cifar_resnet20", {3, 32, 32}, 10), 269722);
  EXPECT_EQ(ParametersOf("cifar_resnet56", {3, 32, 32}, 10), 853018);
  for (int64_t depth : {8, 14, 20, 32, 44, 56, 110}) {
    for (const char* shortcut : {"A", "B"}) {
      const auto model =
          Make("cifar_resnet", R"({"channels": 3, "classes": 10, "depth": )" +
                                   std::to_string(depth) + R"(, "shortcut": ")" + shortcut + "\"}");
      EXPECT_EQ(CountParameters(*model), ResNetParameters(depth, shortcut[0] == 'B'))
          << depth << shortcut;
    }
  }
}

TEST(CifarResNetTest, ParametersHaveTorchvisionsNames) {
  const auto model =
      Make("cifar_resnet", R"({"depth": 8, "shortcut": "B", "channels": 3, "classes": 10})");
  EXPECT_THAT(ParameterNames(*model),
              IsSupersetOf({"conv1.weight", "bn1.bias", "layer1.0.conv1.weight",
                            "layer2.0.bn2.weight", "layer3.0.downsample.0.weight",
                            "layer3.0.downsample.1.bias", "fc.weight", "fc.bias"}));
}

TEST(CifarResNetTest, OptionAPassesEverySecondPixelBetweenZeroChannels) {
  const auto model =
      Make("cifar_resnet", R"({"depth": 8, "shortcut": "A", "channels": 1, "classes": 2})");
  model->eval();
  const at::NoGradGuard no_grad;
  // All blocks add nothing, the stem copies the image to channel 3, the classifier picks channels.
  for (const auto& item : model->named_parameters()) {
    if (item.key().find("conv") != std::string::npos) item.value().zero_();
  }
  auto parameters = model->named_parameters();
  parameters["conv1.weight"][3][0][1][1] = 1;
  parameters["fc.weight"].zero_();
  parameters["fc.bias"].zero_();
  // 8 zeros before 16 channels, then 16 before 32: channel 3 becomes 11, then 27.
  parameters["fc.weight"][0][27] = 1;
  parameters["fc.weight"][1][26] = 1;
  const at::Tensor image = at::arange(64, at::kFloat).view({1, 1, 8, 8});
  const at::Tensor logits = model->Forward(image);
  // Pixels (0,0), (0,4), (4,0), (4,4), divided by sqrt(1 + eps) of the one BatchNorm they pass.
  EXPECT_NEAR(logits[0][0].item<float>(), (0 + 4 + 32 + 36) / 4.0, 1e-3);
  EXPECT_EQ(logits[0][1].item<float>(), 0);
}

TEST(CifarResNetTest, TakesImagesOfAnySize) {
  const auto model = Make("cifar_resnet", R"({"depth": 8, "channels": 1, "classes": 5})");
  for (int64_t size : {1, 7, 28, 33}) {
    EXPECT_EQ(model->Forward(at::rand({2, 1, size, size + 1})).sizes(), (at::IntArrayRef{2, 5}));
  }
}

// As published with RepDistiller, for 100 classes: 1.23 M and 7.43 M.
TEST(CifarResNetTest, TheWideOnesHaveTheSizesOfTheLiterature) {
  EXPECT_EQ(ParametersOf("cifar_resnet8x4", {3, 32, 32}, 100), 1233540);
  EXPECT_EQ(ParametersOf("cifar_resnet32x4", {3, 32, 32}, 100), 7433860);
}

TEST(CnnTest, ParametersAreThoseOfItsStages) {
  const auto plain = Make("cnn", R"({"channels": 1, "classes": 10, "stages": [[8, 12], [16]],
                                     "pool": 2, "hidden": 20})");
  EXPECT_EQ(CountParameters(*plain), 9 * (1 * 8 + 8 * 12 + 12 * 16) + 2 * (8 + 12 + 16) +
                                         (4 * 16 * 20 + 20) + (20 * 10 + 10));
  const auto separable = Make("cnn", R"({"channels": 3, "classes": 10, "kind": "separable",
                                         "stages": [[8], [16]]})");
  EXPECT_EQ(CountParameters(*separable),
            9 * 3 * 8 + 2 * 8 + (9 * 8 + 2 * 8) + (8 * 16 + 2 * 16) + (16 * 10 + 10));
}

TEST(CnnTest, DemoStudentIsAtLeastFortyTimesSmallerThanItsTeacher) {
  const int64_t teacher = ParametersOf("cnn_teacher", {1, 28, 28}, 10);
  const int64_t student = ParametersOf("cnn_student", {1, 28, 28}, 10);
  EXPECT_GE(teacher, 40 * student) << teacher << " and " << student;
}

TEST(CnnTest, ParametersHaveTorchvisionsNames) {
  const auto model = Make("cnn", R"({"channels": 1, "classes": 10, "stages": [[8], [16]]})");
  // Convolution, BatchNorm, ReLU, pooling, convolution, BatchNorm, ReLU; dropout, linear.
  EXPECT_THAT(ParameterNames(*model),
              ElementsAre("features.0.weight", "features.1.weight", "features.1.bias",
                          "features.4.weight", "features.5.weight", "features.5.bias",
                          "classifier.1.weight", "classifier.1.bias"));
}

TEST(MlpTest, ParametersAreThoseOfItsLayers) {
  EXPECT_EQ(ParametersOf("mlp_small", {1, 28, 28}, 10), 784 * 128 + 128 + 128 * 10 + 10);
  const auto linear = Make("mlp", R"({"inputs": 6, "hidden": [], "classes": 3})");
  EXPECT_EQ(CountParameters(*linear), 6 * 3 + 3);
  EXPECT_THAT(ParameterNames(*Make("mlp", R"({"inputs": 6, "hidden": [4], "classes": 3})")),
              ElementsAre("layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"));
}

TEST(ZooTest, InEvalModeASamplesLogitsDoNotDependOnItsBatch) {
  for (const char* name : {"cifar_resnet8", "cnn_student", "mlp_large"}) {
    const auto model = *CreateModel(*ArchitectureOf(name, {1, 12, 12}, 4));
    model->eval();
    const at::Tensor x = at::rand({5, 1, 12, 12});
    const at::Tensor alone = model->Forward(x.slice(0, 2, 3));
    EXPECT_TRUE(at::allclose(model->Forward(x).slice(0, 2, 3), alone, 1e-4, 1e-4)) << name;
  }
}

TEST(ZooTest, AStepDownTheGradientReducesTheLossOfEveryStudent) {
  const at::Tensor labels = at::tensor({0, 1, 2, 3}, at::kLong);
  for (const std::string& name : StudentNames()) {
    at::manual_seed(1);
    const auto model = *CreateModel(*ArchitectureOf(name, {3, 16, 16}, 4));
    const at::Tensor x = at::randn({4, 3, 16, 16});
    const auto loss = [&] {
      at::manual_seed(2);  // the same dropout
      return at::cross_entropy_loss(model->Forward(x), labels);
    };
    const at::Tensor before = loss();
    before.backward();
    const at::NoGradGuard no_grad;
    double squares = 0;
    for (const at::Tensor& parameter : model->parameters()) {
      ASSERT_TRUE(parameter.grad().defined()) << name;
      squares += parameter.grad().square().sum().item<double>();
    }
    // The step changes the loss by a hundredth, to first order.
    const double rate = 0.01 * before.item<double>() / squares;
    for (at::Tensor& parameter : model->parameters()) parameter.sub_(parameter.grad(), rate);
    EXPECT_LT(loss().item<double>(), before.item<double>()) << name;
  }
}

TEST(ZooTest, DropoutActsInTrainingAlone) {
  for (const auto& [name, arguments] : std::vector<std::pair<std::string, std::string>>{
           {"mlp", R"({"inputs": 64, "hidden": [], "classes": 9, "input_dropout": 0.5})"},
           {"mlp", R"({"inputs": 64, "hidden": [32], "classes": 9, "dropout": 0.5})"},
           {"cnn", R"({"channels": 1, "classes": 9, "stages": [[32]], "dropout": 0.5})"}}) {
    const auto model = Make(name, arguments);
    const at::Tensor x = at::rand({4, 1, 8, 8});
    EXPECT_FALSE(model->Forward(x).equal(model->Forward(x))) << arguments;
    model->eval();
    EXPECT_TRUE(model->Forward(x).equal(model->Forward(x))) << arguments;
  }
}

TEST(ZooTest, FreshParametersFollowTorchsSeed) {
  const auto make = [](uint64_t seed) {
    at::manual_seed(seed);
    return *CreateModel(*ArchitectureOf("cnn_student", {1, 28, 28}, 10));
  };
  const at::Tensor first = make(1)->parameters()[0];
  EXPECT_TRUE(first.equal(make(1)->parameters()[0]));
  EXPECT_FALSE(first.equal(make(2)->parameters()[0]));
}

}  // namespace
}  // namespace distill
