#include "student_trainer/step/optimizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

// The weight of a convolution, in channels_last, and a bias.
struct TwoParameters : torch::nn::Module {
  TwoParameters() {
    weight = register_parameter("weight", torch::zeros({3, 2, 2, 2}, torch::kDouble));
    weight.set_data(weight.contiguous(at::MemoryFormat::ChannelsLast));
    bias = register_parameter("bias", torch::zeros({3}, torch::kDouble));
  }

  void Set(const nlohmann::json& values) {
    const at::NoGradGuard no_grad;
    for (const auto& item : named_parameters()) item.value().copy_(Like(item, values));
  }
  void SetGradients(const nlohmann::json& values) {
    for (const auto& item : named_parameters()) {
      item.value().mutable_grad() = Like(item, values).contiguous();
    }
  }
  static at::Tensor Like(const torch::OrderedDict<std::string, at::Tensor>::Item& item,
                         const nlohmann::json& values) {
    return torch::tensor(values.at(item.key()).get<std::vector<double>>(), torch::kDouble)
        .view(item.value().sizes());
  }

  at::Tensor weight, bias;
};

std::vector<nlohmann::json> GoldenCases() {
  std::ifstream file(DISTILL_GOLDEN_FOLDER "/optimizers.json");
  return nlohmann::json::parse(file).get<std::vector<nlohmann::json>>();
}

OptimizerOptions OptionsOf(const nlohmann::json& golden) {
  OptimizerOptions options;
  options.kind = *ParseOptimizerKind(golden["kind"].get<std::string>());
  options.weight_decay = golden["weight_decay"];
  options.momentum = golden.value("momentum", options.momentum);
  options.beta1 = golden.value("beta1", options.beta1);
  options.beta2 = golden.value("beta2", options.beta2);
  options.epsilon = golden.value("epsilon", options.epsilon);
  return options;
}

void TakeStep(Optimizer& optimizer, TwoParameters& module, const nlohmann::json& step) {
  module.SetGradients(step["gradients"]);
  optimizer.Step(step["learning_rate"]);
}

TEST(OptimizerTest, StepsAndStateAreThoseOfTorchOptimInPython) {
  const std::vector<nlohmann::json> cases = GoldenCases();
  ASSERT_GE(cases.size(), 5u);
  for (const nlohmann::json& golden : cases) {
    TwoParameters module;
    module.Set(golden["initial"]);
    const auto optimizer = MakeOptimizer(module, OptionsOf(golden));
    for (const nlohmann::json& step : golden["steps"]) {
      TakeStep(*optimizer, module, step);
      for (const auto& item : module.named_parameters()) {
        const at::Tensor expected = TwoParameters::Like(item, step["parameters"]);
        EXPECT_TRUE(at::allclose(item.value(), expected, 1e-10, 1e-12))
            << golden["kind"] << " " << item.key();
      }
    }
    const NamedTensors state = optimizer->tensors();
    EXPECT_EQ(state.size(), golden["state"].size()) << golden["kind"];
    for (const auto& [name, tensor] : state) {
      const auto values = golden["state"].at(name).get<std::vector<double>>();
      EXPECT_TRUE(at::allclose(tensor.to(torch::kDouble).flatten(),
                               torch::tensor(values, torch::kDouble), 1e-6))
          << name;
    }
  }
}

TEST(OptimizerTest, AfterLoadingItsStateTheNextStepsAreTheSameBitByBit) {
  for (const nlohmann::json& golden : GoldenCases()) {
    TwoParameters first, second;
    first.Set(golden["initial"]);
    const auto original = MakeOptimizer(first, OptionsOf(golden));
    for (int i = 0; i < 3; ++i) TakeStep(*original, first, golden["steps"][i]);

    const at::NoGradGuard no_grad;
    second.weight.copy_(first.weight);
    second.bias.copy_(first.bias);
    const auto continued = MakeOptimizer(second, OptionsOf(golden));
    ASSERT_THAT(CopyInto(ToHost(original->tensors()), continued->tensors(), "it"), IsOk());
    for (int i = 3; i < 6; ++i) {
      TakeStep(*original, first, golden["steps"][i]);
      TakeStep(*continued, second, golden["steps"][i]);
    }
    EXPECT_TRUE(second.weight.equal(first.weight)) << golden["kind"];
    EXPECT_TRUE(second.bias.equal(first.bias)) << golden["kind"];
  }
}

TEST(OptimizerTest, StateOfAnotherOptimizerIsRefused) {
  TwoParameters module;
  const auto sgd = MakeOptimizer(module, {.kind = OptimizerKind::kSgd});
  const auto adamw = MakeOptimizer(module, {.kind = OptimizerKind::kAdamW});
  EXPECT_THAT(CopyInto(ToHost(sgd->tensors()), adamw->tensors(), "the optimizer"),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("exp_avg.weight is missing")));
}

TEST(OptimizerTest, AFrozenParameterIsNotTrainedAndATiedOneOnlyOnce) {
  TwoParameters module;
  module.bias.requires_grad_(false);
  module.register_parameter("tied", module.weight);
  const auto optimizer = MakeOptimizer(module, {});
  ASSERT_EQ(optimizer->parameters().size(), 1u);
  EXPECT_TRUE(optimizer->parameters()[0].is_same(module.weight));
}

TEST(OptimizerTest, NamesAreReadBack) {
  for (const OptimizerKind kind : {OptimizerKind::kSgd, OptimizerKind::kAdamW}) {
    EXPECT_EQ(*ParseOptimizerKind(Name(kind)), kind);
  }
  EXPECT_THAT(ParseOptimizerKind("adam").status(),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be sgd or adamw")));
}

TEST(OptimizerTest, OptionsOutOfRangeAreNamed) {
  EXPECT_THAT(OptimizerOptions().Validate(), IsOk());
  const auto refuses = [](const OptimizerOptions& options, const std::string& words) {
    EXPECT_THAT(options.Validate(), ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr(words)));
  };
  refuses({.weight_decay = -1}, "`weight_decay` is -1; must be");
  refuses({.momentum = 1}, "`momentum` is 1; must be");
  refuses({.beta1 = -0.1}, "`beta1` is -0.1; must be");
  refuses({.beta2 = std::numeric_limits<double>::quiet_NaN()}, "`beta2` is nan; must be");
  refuses({.epsilon = 0}, "`epsilon` is 0; must be");
}

}  // namespace
}  // namespace distill
