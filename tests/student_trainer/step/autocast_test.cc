#include "student_trainer/step/autocast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::ErrorIs;
using ::testing::HasSubstr;

at::ScalarType TypeOfProduct() {
  return at::mm(torch::rand({2, 3}), torch::rand({3, 2})).scalar_type();
}

TEST(AutocastScopeTest, ProductsAreNarrowInsideAndWideOutside) {
  EXPECT_EQ(TypeOfProduct(), at::kFloat);
  {
    const AutocastScope scope(Autocast::kBf16, at::kCPU);
    EXPECT_EQ(TypeOfProduct(), at::kBFloat16);
  }
  EXPECT_EQ(TypeOfProduct(), at::kFloat);
}

TEST(AutocastScopeTest, OffChangesNothing) {
  const AutocastScope scope(Autocast::kOff, at::kCPU);
  EXPECT_EQ(TypeOfProduct(), at::kFloat);
}

TEST(AutocastScopeTest, AChangedParameterIsCastAnew) {
  const at::Tensor weight = torch::ones({2, 2}).requires_grad_();
  const auto product = [&] {
    const AutocastScope scope(Autocast::kBf16, at::kCPU);
    return at::mm(torch::ones({2, 2}), weight).sum().item<float>();
  };
  EXPECT_EQ(product(), 8);
  const at::NoGradGuard no_grad;
  weight.fill_(2);
  const at::AutoGradMode grad(true);
  EXPECT_EQ(product(), 16);
}

TEST(ParseAutocastTest, WordsAreReadAndF16IsRefusedWithTheReason) {
  EXPECT_EQ(*ParseAutocast("off"), Autocast::kOff);
  EXPECT_EQ(*ParseAutocast("bf16"), Autocast::kBf16);
  EXPECT_THAT(ParseAutocast("f16").status(),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("underflow")));
  EXPECT_THAT(ParseAutocast("fp8").status(),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be off or bf16")));
}

}  // namespace
}  // namespace distill
