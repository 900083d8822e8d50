#include "student_trainer/step/clip.h"

#include <gtest/gtest.h>
#include <torch/nn/utils/clip_grad.h>

#include <cmath>
#include <limits>

namespace distill {
namespace {

// Three parameters, the last without a gradient.
std::vector<at::Tensor> Parameters(double scale = 1) {
  std::vector<at::Tensor> parameters;
  for (int i = 0; i < 3; ++i) parameters.push_back(torch::zeros({2, 3}).requires_grad_());
  for (int i = 0; i < 2; ++i) {
    parameters[i].mutable_grad() = scale * (torch::arange(6, torch::kFloat).view({2, 3}) - i);
  }
  return parameters;
}

TEST(ClipGradientNorm, GradientsAndNormAreThoseOfTorchsOwn) {
  for (const double max_norm : {0.5, 5.0, 100.0}) {
    const std::vector<at::Tensor> ours = Parameters(), theirs = Parameters();
    const double norm = ClipGradientNorm(ours, max_norm);
    EXPECT_NEAR(norm, torch::nn::utils::clip_grad_norm_(theirs, max_norm), 1e-5);
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(at::allclose(ours[i].grad(), theirs[i].grad(), 1e-6)) << max_norm;
    }
    EXPECT_FALSE(ours[2].grad().defined());
  }
}

TEST(ClipGradientNorm, GradientsBelowTheLimitStayBitByBit) {
  const std::vector<at::Tensor> parameters = Parameters();
  ClipGradientNorm(parameters, 1e6);
  EXPECT_TRUE(parameters[0].grad().equal(Parameters()[0].grad()));
}

TEST(ClipGradientNorm, ANormThatIsNotFiniteIsReturnedAndChangesNothing) {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const std::vector<at::Tensor> parameters = Parameters(10);
    parameters[0].mutable_grad()[0][0] = value;
    EXPECT_FALSE(std::isfinite(ClipGradientNorm(parameters, 1)));
    EXPECT_TRUE(parameters[1].grad().equal(Parameters(10)[1].grad()));
  }
}

TEST(ClipGradientNorm, IsZeroWithoutGradients) { EXPECT_EQ(ClipGradientNorm({}, 1), 0); }

}  // namespace
}  // namespace distill
