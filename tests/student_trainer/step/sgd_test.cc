#include "student_trainer/step/sgd.h"

#include <gtest/gtest.h>
#include <torch/nn/modules.h>
#include <torch/optim/sgd.h>

namespace distill {
namespace {

// A convolution, whose weight lies in channels_last, a norm and a linear layer.
torch::nn::Sequential SmallNet() {
  at::manual_seed(3);
  torch::nn::Sequential model(torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 4, 3)),
                              torch::nn::BatchNorm2d(4), torch::nn::Flatten(),
                              torch::nn::Linear(4 * 4 * 4, 5));
  model->to(torch::kDouble);
  at::Tensor weight = model->parameters()[0];
  weight.set_data(weight.contiguous(at::MemoryFormat::ChannelsLast));
  return model;
}

void Backward(torch::nn::Sequential& model, int step) {
  at::manual_seed(step);
  const at::Tensor x =
      torch::rand({2, 3, 6, 6}, torch::kDouble).contiguous(at::MemoryFormat::ChannelsLast);
  model->forward(x).square().sum().backward();
}

TEST(SgdTest, StepsAreThoseOfTorchsOwn) {
  for (const double momentum : {0.0, 0.9}) {
    torch::nn::Sequential ours = SmallNet(), theirs = SmallNet();
    Sgd sgd(*ours, {.momentum = momentum, .weight_decay = 0.1});
    std::vector<at::Tensor> decayed, kept;
    for (const at::Tensor& p : theirs->parameters()) (p.dim() > 1 ? decayed : kept).push_back(p);
    const auto options = [&](double decay) {
      return std::make_unique<torch::optim::SGDOptions>(torch::optim::SGDOptions(0.05)
                                                            .momentum(momentum)
                                                            .nesterov(momentum > 0)
                                                            .weight_decay(decay));
    };
    torch::optim::SGD reference({{decayed, options(0.1)}, {kept, options(0)}}, 0.05);
    for (int step = 0; step < 5; ++step) {
      sgd.ZeroGrad();
      reference.zero_grad();
      Backward(ours, step);
      Backward(theirs, step);
      sgd.Step(0.05);
      reference.step();
      for (size_t i = 0; i < ours->parameters().size(); ++i) {
        EXPECT_TRUE(at::allclose(ours->parameters()[i], theirs->parameters()[i], 1e-10, 1e-12))
            << "parameter " << i << " after step " << step << ", momentum " << momentum;
      }
    }
  }
}

TEST(SgdTest, AGradientInAnotherLayoutIsTheSameGradient) {
  torch::nn::Sequential model = SmallNet();
  at::Tensor weight = model->parameters()[0];
  const at::Tensor before = weight.detach().clone();
  const at::Tensor gradient = torch::rand(weight.sizes().vec(), torch::kDouble);  // contiguous
  ASSERT_FALSE(gradient.strides().equals(weight.strides()));
  Sgd sgd(*model, {.momentum = 0});
  weight.mutable_grad() = gradient;
  sgd.Step(0.5);
  EXPECT_TRUE(at::allclose(weight, before - 0.5 * gradient));
}

TEST(SgdTest, AParameterWithoutAGradientStays) {
  torch::nn::Sequential model = SmallNet();
  Sgd sgd(*model, {.weight_decay = 1});
  const at::Tensor before = model->parameters()[0].detach().clone();
  sgd.Step(1);
  EXPECT_TRUE(model->parameters()[0].equal(before));
}

}  // namespace
}  // namespace distill
