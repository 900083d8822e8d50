#include "common/inference/graph_weights.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace distill {
namespace {

constexpr int64_t kChannels = 96;  // of 3x3 convolutions: 324 KiB

// A frozen module of convolutions, one after the other, with these weights.
torch::jit::Module Convolutions(const std::vector<at::Tensor>& weights) {
  torch::jit::Module module("Test");
  std::string source = "def forward(self, x):\n";
  for (size_t i = 0; i < weights.size(); ++i) {
    const std::string name = "weight" + std::to_string(i);
    module.register_parameter(name, weights[i], /*is_buffer=*/true);
    source += "    x = torch.conv2d(x, self." + name + ", None, [1, 1], [1, 1])\n";
  }
  module.define(source + "    return x\n");
  module.eval();
  return torch::jit::freeze(module);
}

at::Tensor RandomWeight() { return at::randn({kChannels, kChannels, 3, 3}) / 30; }

TEST(WeightReleaseTest, AWeightIsGivenUpOnceAnotherIsMadeOfIt) {
  const at::Tensor weight = RandomWeight();
  const torch::jit::Module frozen = Convolutions({weight});
  const auto held = weight.use_count();
  {
    const WeightRelease release(*frozen.get_method("forward").graph());
    EXPECT_EQ(weight.use_count(), held);
    const at::Tensor other = weight * 2;
    EXPECT_EQ(weight.use_count(), held - 1);
  }
}

TEST(WeightReleaseTest, OnesUsedTwiceAndAllAfterItAreKept) {
  const at::Tensor twice = RandomWeight(), once = RandomWeight();
  const torch::jit::Module frozen = Convolutions({twice, twice, once});
  const auto held = std::pair(twice.use_count(), once.use_count());
  {
    const WeightRelease release(*frozen.get_method("forward").graph());
    const at::Tensor other = twice * 2;
  }
  const at::Tensor other = once * 2;
  EXPECT_EQ(std::pair(twice.use_count(), once.use_count()), held);
}

TEST(WeightReleaseTest, PassesGiveTheSameResults) {
  const at::Tensor twice = RandomWeight();
  torch::jit::Module frozen = Convolutions({RandomWeight(), twice, twice, RandomWeight()});
  const at::Tensor x = at::randn({2, kChannels, 5, 5});
  const at::Tensor expected = frozen.forward({x}).toTensor();
  torch::jit::Module optimized;
  {
    const WeightRelease release(*frozen.get_method("forward").graph());
    optimized = torch::jit::optimize_for_inference(frozen);
  }
  EXPECT_TRUE(at::allclose(optimized.forward({x}).toTensor(), expected, 1e-4, 1e-4));
}

TEST(ReloadedTest, LargeConstantsAreTheSameTensorsWithTheSameResults) {
  const at::Tensor small = at::randn({kChannels, kChannels, 1, 1});
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const std::vector<at::Tensor> weights = {RandomWeight().to(type), small.to(type),
                                             RandomWeight().to(type)};
    const torch::jit::Module frozen = Convolutions(weights);
    const at::Tensor x = at::randn({2, kChannels, 5, 5}).to(type);
    torch::jit::Module before = frozen;
    const at::Tensor expected = before.forward({x}).toTensor();
    torch::jit::Module loaded = Reloaded(frozen, at::kCPU);
    EXPECT_TRUE(loaded.forward({x}).toTensor().equal(expected));
    weights[2].zero_();
    EXPECT_TRUE(loaded.forward({x}).toTensor().eq(0).all().item<bool>());
  }
}

}  // namespace
}  // namespace distill
