#include "common/inference/multiply_adds.h"

#include <ATen/ATen.h>

#include <stdexcept>

#include "common/zoo/registry.h"
#include "gtest/gtest.h"

namespace distill {
namespace {

TEST(MultiplyAddsTest, CountsMatrixProductsByTheirThreeSizes) {
  const at::Tensor a = at::rand({3, 5}), b = at::rand({5, 7});
  EXPECT_EQ(CountMultiplyAdds([&] { at::mm(a, b); }), 3 * 5 * 7);
  EXPECT_EQ(CountMultiplyAdds([&] { at::matmul(at::rand({2, 4, 3, 5}), b); }), 2 * 4 * 3 * 5 * 7);
  EXPECT_EQ(CountMultiplyAdds([&] { at::linear(a, at::rand({7, 5}), at::rand({7})); }), 3 * 5 * 7);
  EXPECT_EQ(CountMultiplyAdds([&] { at::linear(a, at::rand({7, 5})); }), 3 * 5 * 7);
  EXPECT_EQ(CountMultiplyAdds([&] {
              at::bmm(at::rand({2, 3, 5}), at::rand({2, 5, 7}));
            }),
            2 * 3 * 5 * 7);
}

TEST(MultiplyAddsTest, CountsConvolutionsByOutputsAndFilter) {
  const at::Tensor x = at::rand({2, 6, 8, 8});
  EXPECT_EQ(CountMultiplyAdds([&] {
              at::conv2d(x, at::rand({4, 6, 3, 3}));
            }),
            2 * 4 * 6 * 6 * (6 * 3 * 3));
  const int64_t groups = 6;
  EXPECT_EQ(CountMultiplyAdds([&] {
              at::conv2d(x, at::rand({6, 1, 3, 3}), {}, 2, 1, 1, groups);
            }),
            2 * 6 * 4 * 4 * (1 * 3 * 3));
}

TEST(MultiplyAddsTest, OthersCountNothingAndNothingIsCountedLater) {
  const at::Tensor x = at::rand({3, 3});
  EXPECT_EQ(CountMultiplyAdds([&] { at::relu(x + x * x); }), 0);
  EXPECT_EQ(CountMultiplyAdds([&] {
              at::conv_transpose2d(at::rand({1, 3, 4, 4}), at::rand({3, 2, 3, 3}));
            }),
            0);
  EXPECT_EQ(CountMultiplyAdds([&] { at::mm(x, x); }), 27);
  at::mm(x, x);
  EXPECT_EQ(CountMultiplyAdds([] {}), 0);
  EXPECT_THROW(CountMultiplyAdds([&] {
                 at::mm(x, x);
                 throw std::runtime_error("stop");
               }),
               std::runtime_error);
  EXPECT_EQ(CountMultiplyAdds([&] { at::mm(x, x); }), 27);
}

// Computed from the sizes of the convolutions: 32x32, 16x16 and 8x8 images.
TEST(MultiplyAddsTest, AModelCountsItsConvolutionsAndItsClassifier) {
  const auto model = *CreateModel(*ArchitectureOf("cifar_resnet20", {3, 32, 32}, 10));
  EXPECT_EQ(CountMultiplyAdds([&] {
              model->Forward(at::zeros({1, 3, 32, 32}));
            }),
            9 * (1024 * (3 * 16 + 6 * 16 * 16) + 256 * (16 * 32 + 5 * 32 * 32) +
                 64 * (32 * 64 + 5 * 64 * 64)) +
                64 * 10);
}

}  // namespace
}  // namespace distill
