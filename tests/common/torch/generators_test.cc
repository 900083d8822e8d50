#include "common/torch/generators.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace distill {
namespace {

TEST(GeneratorsTest, AStateThatIsSetDrawsTheSameAgain) {
  at::manual_seed(1);
  static_cast<void>(torch::rand({3}));
  const NamedTensors states = GeneratorStates(at::kCPU);
  const at::Tensor drawn = torch::rand({100});
  const at::Tensor further = torch::rand({100});
  EXPECT_FALSE(further.equal(drawn));
  SetGeneratorStates(at::kCPU, states);
  EXPECT_TRUE(torch::rand({100}).equal(drawn));
  EXPECT_TRUE(torch::rand({100}).equal(further));
}

TEST(GeneratorsTest, AStateIsACopy) {
  at::manual_seed(1);
  const NamedTensors states = GeneratorStates(at::kCPU);
  const at::Tensor copy = states.at("cpu").clone();
  static_cast<void>(torch::rand({1000}));
  EXPECT_TRUE(states.at("cpu").equal(copy));
  EXPECT_FALSE(GeneratorStates(at::kCPU).at("cpu").equal(copy));
}

TEST(GeneratorsTest, TheCpuHasOneGenerator) {
  const NamedTensors states = GeneratorStates(at::kCPU);
  EXPECT_EQ(states.size(), 1u);
  EXPECT_EQ(states.count("cpu"), 1u);
}

}  // namespace
}  // namespace distill
