#include "common/torch/normalize.h"

#include <ATen/ATen.h>

#include "gtest/gtest.h"

namespace distill {
namespace {

TEST(NormalizeTest, SubtractsMeanAndDividesByDeviationOfEachChannel) {
  const at::Tensor pixels = at::tensor({0, 255, 51, 102}, at::kByte).view({1, 2, 1, 2});
  const at::Tensor x = Normalize(pixels, {.scale = 255, .mean = {0.5, 0.2}, .std = {0.25, 0.1}});
  EXPECT_EQ(x.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::allclose(x, at::tensor({-2.0f, 2.0f, 0.0f, 2.0f}).view({1, 2, 1, 2}), 1e-6, 1e-6))
      << x;
}

TEST(NormalizeTest, WithoutMeanOnlyTheScaleCounts) {
  const at::Tensor pixels = at::tensor({0, 255}, at::kByte).view({1, 2});
  EXPECT_TRUE(Normalize(pixels, {.scale = 255}).equal(at::tensor({0.0f, 1.0f}).view({1, 2})));
}

TEST(NormalizeTest, AppliesToVectorsAndEveryFloatingType) {
  for (at::ScalarType type : {at::kHalf, at::kFloat, at::kDouble}) {
    const at::Tensor input = at::ones({3, 2}, type);
    const at::Tensor x = Normalize(input, {.scale = 1, .mean = {1, 0}, .std = {1, 2}});
    EXPECT_EQ(x.scalar_type(), at::kFloat);
    EXPECT_TRUE(x[2].equal(at::tensor({0.0f, 0.5f}))) << x;
    EXPECT_EQ(input[0][0].item<float>(), 1) << "the input was written to";
  }
}

TEST(NormalizeTest, TokensPassUnchanged) {
  const at::Tensor tokens = at::arange(6).view({2, 3});
  EXPECT_TRUE(Normalize(tokens, {.scale = 255}).equal(tokens));
}

}  // namespace
}  // namespace distill
