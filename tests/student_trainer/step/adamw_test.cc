#include "student_trainer/step/adamw.h"

#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adamw.h>

#include <memory>
#include <vector>

namespace distill {
namespace {

torch::nn::Linear SomeLayer() {
  at::manual_seed(3);
  torch::nn::Linear layer(4, 3);
  layer->to(torch::kDouble);
  return layer;
}

void AdamWBackward(torch::nn::Linear& layer, int step) {
  at::manual_seed(step);
  layer->forward(torch::rand({5, 4}, torch::kDouble)).square().sum().backward();
}

TEST(AdamWTest, StepsAreThoseOfTorchsOwn) {
  torch::nn::Linear ours = SomeLayer(), theirs = SomeLayer();
  AdamW adamw(*ours, {.beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.1});
  const auto options = [](double decay) {
    return std::make_unique<torch::optim::AdamWOptions>(
        torch::optim::AdamWOptions(0.05).betas({0.8, 0.95}).eps(1e-6).weight_decay(decay));
  };
  const std::vector<at::Tensor> decayed = {theirs->weight}, kept = {theirs->bias};
  torch::optim::AdamW reference({{decayed, options(0.1)}, {kept, options(0)}},
                                torch::optim::AdamWOptions(0.05));
  for (int step = 0; step < 5; ++step) {
    adamw.ZeroGrad();
    reference.zero_grad();
    AdamWBackward(ours, step);
    AdamWBackward(theirs, step);
    adamw.Step(0.05);
    reference.step();
    EXPECT_TRUE(at::allclose(ours->weight, theirs->weight, 1e-10, 1e-12)) << "step " << step;
    EXPECT_TRUE(at::allclose(ours->bias, theirs->bias, 1e-10, 1e-12)) << "step " << step;
  }
}

TEST(AdamWTest, TheFirstStepIsTheLearningRateAgainstTheSignOfTheGradient) {
  torch::nn::Linear layer = SomeLayer();
  const at::Tensor before = layer->weight.detach().clone();
  AdamW adamw(*layer, {.epsilon = 1e-12, .weight_decay = 0});
  layer->weight.mutable_grad() = torch::randn({3, 4}, torch::kDouble);
  adamw.Step(0.25);
  EXPECT_TRUE(at::allclose(layer->weight, before - 0.25 * layer->weight.grad().sign(), 0, 1e-9));
}

TEST(AdamWTest, AParameterWithoutAGradientDoesNotDecayNorAge) {
  torch::nn::Linear layer = SomeLayer();
  AdamW adamw(*layer, {.weight_decay = 1});
  const at::Tensor before = layer->weight.detach().clone();
  adamw.Step(1);
  EXPECT_TRUE(layer->weight.equal(before));
  EXPECT_EQ(adamw.tensors().at("step.weight").item<float>(), 0);
}

}  // namespace
}  // namespace distill
