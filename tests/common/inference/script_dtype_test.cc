#include "common/inference/script_dtype.h"

#include <ATen/ATen.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

// A module with a parameter `weight` [4, 3], of this type, and this forward method.
torch::jit::Module Script(at::ScalarType dtype, const std::string& body) {
  torch::jit::Module module("Test");
  module.register_parameter("weight", at::arange(12, at::kFloat).view({4, 3}).to(dtype),
                            /*is_buffer=*/false);
  module.register_attribute("count", at::TensorType::get(), torch::jit::IValue(at::ones({})), false,
                            true);
  module.define("def forward(self, x):\n    " + body + "\n");
  return module;
}

constexpr char kLinear[] = "return torch.linear(x, self.weight)";

std::vector<at::Tensor> Example() { return {at::tensor({0.5F, -1.0F, 0.25F}).view({1, 3})}; }

at::ScalarType DtypeOfWeight(const torch::jit::Module& module) {
  return module.attr("weight").toTensor().scalar_type();
}

TEST(RunInFloat32Test, WeightsOfOneOtherTypeAreConverted) {
  for (const at::ScalarType dtype : {at::kHalf, at::kBFloat16, at::kDouble}) {
    torch::jit::Module module("Test");
    module.register_parameter("weight", at::arange(12, at::kFloat).view({4, 3}).to(dtype), false);
    module.define(std::string("def forward(self, x):\n    ") + kLinear + "\n");
    ASSERT_THAT(RunInFloat32(module, Example()), IsOk()) << dtype;
    EXPECT_EQ(DtypeOfWeight(module), at::kFloat);
    const at::Tensor expected = Example()[0].matmul(at::arange(12, at::kFloat).view({4, 3}).t());
    EXPECT_TRUE(at::equal(module.forward({Example()[0]}).toTensor(), expected));
  }
}

TEST(RunInFloat32Test, AModuleThatCastsItsInputsIsLeftAsItIs) {
  torch::jit::Module module = Script(at::kHalf, "return torch.linear(x.half(), self.weight)");
  ASSERT_THAT(RunInFloat32(module, Example()), IsOk());
  EXPECT_EQ(DtypeOfWeight(module), at::kHalf);
}

TEST(RunInFloat32Test, AModuleOfSeveralTypesIsLeftAsItIs) {
  torch::jit::Module module = Script(at::kHalf, kLinear);  // with a float32 buffer
  ASSERT_THAT(RunInFloat32(module, Example()), IsOk());
  EXPECT_EQ(DtypeOfWeight(module), at::kHalf);
}

TEST(RunInFloat32Test, WhatGivesOtherResultsIsRefusedWithTheOption) {
  torch::jit::Module module("Test");
  module.register_parameter("weight", at::ones({4, 3}).to(at::kHalf), false);
  // Values that float16 cannot tell apart, and float32 can.
  module.define(
      "def forward(self, x):\n"
      "    y = torch.linear(x, self.weight)\n"
      "    return (y * 1000.0 + 0.1) - y * 1000.0\n");
  EXPECT_THAT(RunInFloat32(module, Example()),
              ErrorIs(absl::StatusCode::kFailedPrecondition,
                      AllOf(HasSubstr("Half"), HasSubstr("gives other results"),
                            HasSubstr("set `dtype` to f16"))));
}

TEST(RunInFloat32Test, WhatFailsInEveryTypeIsLeftToItsCaller) {
  torch::jit::Module module("Test");
  module.register_parameter("weight", at::ones({4, 5}).to(at::kHalf), false);
  module.define(std::string("def forward(self, x):\n    ") + kLinear + "\n");
  EXPECT_THAT(RunInFloat32(module, Example()), IsOk());
  EXPECT_EQ(DtypeOfWeight(module), at::kHalf);
}

}  // namespace
}  // namespace distill
