#include "student_trainer/step/ema.h"

#include <gtest/gtest.h>
#include <torch/nn/modules.h>

#include <algorithm>
#include <stdexcept>

#include "common/torch/host_tensors.h"
#include "common/zoo/weights.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::IsOk;

torch::nn::Sequential SomeModel() {
  at::manual_seed(3);
  torch::nn::Sequential model(torch::nn::Conv2d(3, 4, 3), torch::nn::BatchNorm2d(4));
  at::Tensor weight = model->parameters()[0];
  weight.set_data(weight.contiguous(at::MemoryFormat::ChannelsLast));
  return model;
}

void SetAll(torch::nn::Module& module, double value) {
  const at::NoGradGuard no_grad;
  for (at::Tensor& parameter : module.parameters()) parameter.fill_(value);
}

double Average(const Ema& ema) { return ema.tensors().at("average.0.bias")[0].item<double>(); }

TEST(EmaTest, FollowsItsFormulaWithTheWarmUpOfTheDecay) {
  torch::nn::Sequential model = SomeModel();
  SetAll(*model, 1);
  Ema ema(*model, 0.3);
  double expected = 1;
  for (int t = 0; t < 10; ++t) {
    SetAll(*model, t);
    ema.Update();
    const double decay = std::min(0.3, (1.0 + t) / (10.0 + t));
    expected = decay * expected + (1 - decay) * t;
    EXPECT_NEAR(Average(ema), expected, 1e-5) << t;
  }
}

TEST(EmaTest, WhileSwappedTheModuleHasTheAverageAndThenItsOwnAgain) {
  torch::nn::Sequential model = SomeModel();
  SetAll(*model, 1);
  Ema ema(*model, 0.5);
  SetAll(*model, 2);
  const at::Tensor before = model->parameters()[0];
  {
    const Ema::Swapped swapped(ema);
    for (const at::Tensor& parameter : model->parameters()) {
      EXPECT_TRUE(parameter.eq(1).all().item<bool>());
      EXPECT_TRUE(parameter.requires_grad());
    }
    EXPECT_TRUE(model->parameters()[0].is_contiguous(at::MemoryFormat::ChannelsLast));
    EXPECT_TRUE(ToTorch(StateOf(*model).at("0.weight")).eq(1).all().item<bool>());
  }
  EXPECT_TRUE(model->parameters()[0].is_same(before));
  EXPECT_TRUE(before.eq(2).all().item<bool>());
  EXPECT_EQ(Average(ema), 1);
}

TEST(EmaTest, AnExceptionGivesTheModuleItsOwnBack) {
  torch::nn::Sequential model = SomeModel();
  SetAll(*model, 1);
  Ema ema(*model, 0.5);
  SetAll(*model, 2);
  EXPECT_THROW(
      {
        const Ema::Swapped swapped(ema);
        throw std::runtime_error("validation failed");
      },
      std::runtime_error);
  EXPECT_TRUE(model->parameters()[0].eq(2).all().item<bool>());
}

TEST(EmaTest, TrainingGoesOnAfterASwap) {
  torch::nn::Sequential model = SomeModel();
  Ema ema(*model, 0.5);
  { const Ema::Swapped swapped(ema); }
  model->forward(torch::rand({2, 3, 6, 6})).square().sum().backward();
  EXPECT_TRUE(model->parameters()[0].grad().defined());
}

TEST(EmaTest, AfterLoadingItsStateTheAverageGoesOnBitByBit) {
  torch::nn::Sequential model = SomeModel();
  Ema original(*model, 0.9);
  for (int step = 0; step < 3; ++step) {
    SetAll(*model, 0.1 * step);
    original.Update();
  }
  Ema continued(*model, 0.9);
  ASSERT_THAT(CopyInto(ToHost(original.tensors()), continued.tensors(), "the average"), IsOk());
  SetAll(*model, 7);
  original.Update();
  continued.Update();
  const NamedTensors expected = original.tensors();
  for (const auto& [name, tensor] : continued.tensors()) {
    EXPECT_TRUE(tensor.equal(expected.at(name))) << name;
  }
}

}  // namespace
}  // namespace distill
