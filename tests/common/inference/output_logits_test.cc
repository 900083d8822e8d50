#include "common/inference/output_logits.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace distill {
namespace {

at::Tensor SomeLogits() {
  at::manual_seed(1);
  return 2 * at::randn({6, 5});
}

void ExpectSameDistribution(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_TRUE(at::allclose(a.softmax(-1), b.softmax(-1), 1e-4, 1e-6)) << a << b;
}

TEST(OutputLogitsTest, EachFormGivesTheDistributionOfItsLogitsAtEveryTemperature) {
  const at::Tensor logits = SomeLogits();
  for (const double temperature : {1.0, 4.0}) {
    ExpectSameDistribution(ToLogits(OutputForm::kProbabilities, logits.softmax(-1)) / temperature,
                           logits / temperature);
    ExpectSameDistribution(
        ToLogits(OutputForm::kLogProbabilities, logits.log_softmax(-1)) / temperature,
        logits / temperature);
    ExpectSameDistribution(ToLogits(OutputForm::kSigmoid, logits.sigmoid()) / temperature,
                           logits / temperature);
  }
  EXPECT_TRUE(at::equal(ToLogits(OutputForm::kLogits, logits), logits));
}

TEST(OutputLogitsTest, ProbabilitiesOfZeroAndOneGiveFiniteLogits) {
  const at::Tensor certain = at::tensor({0.0F, 1.0F}).view({1, 2});
  for (const OutputForm form : {OutputForm::kProbabilities, OutputForm::kSigmoid}) {
    const at::Tensor logits = ToLogits(form, certain);
    EXPECT_TRUE(at::isfinite(logits).all().item<bool>()) << Name(form);
    EXPECT_GT((logits[0][1] - logits[0][0]).item<double>(), 80) << Name(form);
  }
}

TEST(OutputLogitsTest, OneColumnIsTheSecondOfTwoClasses) {
  const at::Tensor z = at::tensor({-2.0F, 0.0F, 3.0F}).view({3, 1});
  const at::Tensor both = at::cat({at::zeros_like(z), z}, 1);
  EXPECT_TRUE(at::equal(ToLogits(OutputForm::kLogits, z), both));
  EXPECT_TRUE(at::allclose(ToLogits(OutputForm::kSigmoid, z.sigmoid()), both, 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(ToLogits(OutputForm::kProbabilities, z.sigmoid()), both, 1e-5, 1e-6));
  EXPECT_TRUE(
      at::allclose(ToLogits(OutputForm::kLogProbabilities, z.sigmoid().log()), both, 1e-5, 1e-6));
}

TEST(OutputLogitsTest, TheFormIsSeenInTheRows) {
  const at::Tensor logits = SomeLogits();
  EXPECT_EQ(LooksLike(logits), OutputForm::kLogits);
  EXPECT_EQ(LooksLike(logits.softmax(-1)), OutputForm::kProbabilities);
  EXPECT_EQ(LooksLike(logits.log_softmax(-1)), OutputForm::kLogProbabilities);
  EXPECT_EQ(LooksLike(logits.sigmoid()), OutputForm::kSigmoid);
  EXPECT_EQ(LooksLike(logits.softmax(-1).to(at::kBFloat16)), OutputForm::kProbabilities);
  EXPECT_EQ(LooksLike(at::randn({2, 3, 1000}).softmax(-1)), OutputForm::kProbabilities);
}

TEST(OutputLogitsTest, RowsThatAreNoProbabilitiesAreLogits) {
  EXPECT_EQ(LooksLike(at::zeros({3, 4})), OutputForm::kLogits);
  EXPECT_EQ(LooksLike(at::rand({3, 4}).relu() * 2 - 1), OutputForm::kLogits);
  EXPECT_EQ(LooksLike(at::tensor({0.5F, 0.0F, 0.25F, 0.75F}).view({2, 2})), OutputForm::kLogits);
  EXPECT_EQ(LooksLike(at::full({1, 2}, NAN)), OutputForm::kLogits);
}

}  // namespace
}  // namespace distill
