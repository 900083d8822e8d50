#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "common/codec/encoding.h"
#include "common/contract/target_values.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::IsOk;

TargetSpec TopK(int32_t k) { return {.encoding = TargetEncoding::kTopK, .k = k}; }
TargetSpec Sampled(int32_t draws) { return {.encoding = TargetEncoding::kSampled, .draws = draws}; }
TargetSpec HeadSampled(int32_t k, int32_t draws) {
  return {.encoding = TargetEncoding::kHeadSampled, .k = k, .draws = draws};
}

at::Tensor PeakedLogits(int64_t rows, int64_t classes, double scale) {
  return at::sin(at::arange(rows * classes, at::kFloat) * 1.3).view({rows, classes}) * scale;
}

// float64 [rows, classes]
at::Tensor LogProbabilities(const at::Tensor& logits, double temperature) {
  return (logits.to(at::kDouble) / temperature).log_softmax(1);
}

EncodedTargets Encode(const TargetSpec& spec, const at::Tensor& logits,
                      const EncodeOptions& options = {}) {
  const EncodedTargets targets = EncodeTargets(spec, logits, options);
  EXPECT_THAT(Validate(targets), IsOk());
  EXPECT_THAT(ValidateValues(targets), IsOk()) << Name(spec.encoding);
  return targets;
}

TopKTargets TopKOf(const TargetSpec& spec, const at::Tensor& logits,
                   const EncodeOptions& options = {}) {
  return std::get<TopKTargets>(DecodeTargets(Encode(spec, logits, options)));
}

SampledTargets SampledOf(const TargetSpec& spec, const at::Tensor& logits,
                         const EncodeOptions& options = {}) {
  return std::get<SampledTargets>(DecodeTargets(Encode(spec, logits, options)));
}

// Returns the distribution that the weights stand for. float64 [rows, classes].
at::Tensor Distribution(const SampledTargets& targets) {
  return at::zeros({targets.ids.size(0), targets.classes}, at::kDouble)
      .scatter_add(1, targets.ids, targets.weights.to(at::kDouble));
}

TEST(TopKTest, HoldsTheMostLikelyAndTheMassOfTheOthers) {
  for (const double temperature : {0.5, 1.0, 4.0, 100.0}) {
    const at::Tensor logits = PeakedLogits(20, 300, 8);
    const TopKTargets targets = TopKOf(TopK(7), logits, {.temperature = temperature});
    const at::Tensor log_p = LogProbabilities(logits, temperature);
    EXPECT_TRUE(targets.ids.equal(std::get<0>(std::get<1>(log_p.topk(7, 1)).sort(1))));
    const at::Tensor exact = log_p.gather(1, targets.ids);
    const at::Tensor error = (targets.log_probabilities - exact).abs();
    // Twice the error: from rounding, and from correcting the sum.
    EXPECT_TRUE((error <= exact.abs() * 0x1.0p-10 + 0x1.0p-9).all().item<bool>()) << temperature;
    const at::Tensor tail = 1 - exact.exp().sum(1);
    EXPECT_TRUE(at::allclose(targets.log_tail.exp().to(at::kDouble), tail, 2e-3, 1e-6));
    const at::Tensor sum = targets.log_probabilities.exp().sum(1) + targets.log_tail.exp();
    EXPECT_TRUE(at::allclose(sum, at::ones_like(sum), 0, 1e-5));
  }
}

TEST(TopKTest, KlToTheExactOutcomesIsWithinTheStatedBound) {
  for (const double scale : {0.1, 1.0, 5.0, 20.0, 100.0}) {
    const at::Tensor logits = PeakedLogits(64, 200, scale);
    const TopKTargets targets = TopKOf(TopK(12), logits);
    const at::Tensor all = LogProbabilities(logits, 1);
    const at::Tensor tail = all.scatter(1, targets.ids, -INFINITY).logsumexp(1, true);
    const at::Tensor log_p = at::cat({all.gather(1, targets.ids), tail}, 1);  // [rows, k + 1]
    const at::Tensor log_q =
        at::cat({targets.log_probabilities, targets.log_tail.unsqueeze(1)}, 1).to(at::kDouble);
    const at::Tensor kl = (log_p.exp() * (log_p - log_q)).sum(1);
    const at::Tensor bound = 0x1.0p-22 * (log_p.exp() * log_p.square()).sum(1) + 1e-9;
    EXPECT_TRUE((kl <= bound).all().item<bool>()) << scale;
  }
}

TEST(TopKTest, OfAllClassesEqualsTheDenseDistribution) {
  const at::Tensor logits = PeakedLogits(9, 11, 5);
  const TopKTargets targets = TopKOf(TopK(11), logits, {.temperature = 2});
  const at::Tensor p = LogProbabilities(logits, 2).exp();
  EXPECT_TRUE(at::allclose(targets.log_probabilities.exp().to(at::kDouble), p, 0, 2e-4));
  EXPECT_EQ(targets.log_tail.exp().max().item<float>(), 0);
}

TEST(SparseTest, LogitsOfTenThousandStayFiniteAtEveryTemperature) {
  const at::Tensor logits =
      at::tensor({1e4, -1e4, 0.0, 9.9e3, -1e4, 1e4, 1e4, 1e4}, at::kFloat).view({2, 4});
  for (const double temperature : {0.5, 1.0, 100.0}) {
    for (const TargetSpec& spec : {TopK(1), TopK(4), Sampled(5), HeadSampled(1, 5)}) {
      const DecodedTargets targets =
          DecodeTargets(Encode(spec, logits, {.temperature = temperature}));
      if (const auto* top_k = std::get_if<TopKTargets>(&targets)) {
        EXPECT_TRUE(at::isfinite(top_k->log_probabilities).all().item<bool>());
        EXPECT_TRUE(at::isfinite(top_k->log_tail).all().item<bool>());
      } else {
        EXPECT_TRUE(at::isfinite(std::get<SampledTargets>(targets).weights).all().item<bool>());
      }
    }
  }
}

TEST(SampledTest, WeightsAreSharesOfTheDraws) {
  const at::Tensor logits = PeakedLogits(30, 100, 3);
  const SampledTargets targets = SampledOf(Sampled(10), logits, {.seed = 3});
  EXPECT_TRUE(at::allclose(targets.weights.sum(1), at::ones({30})));
  EXPECT_TRUE((targets.weights * 10).frac().abs().max().item<float>() < 1e-5);
}

TEST(HeadSampledTest, TheHeadIsExactAndTheDrawsLieBeyondIt) {
  const at::Tensor logits = PeakedLogits(30, 100, 3);
  const SampledTargets targets = SampledOf(HeadSampled(5, 8), logits, {.temperature = 2});
  const at::Tensor p = LogProbabilities(logits, 2).exp();
  const at::Tensor head = std::get<1>(p.topk(5, 1));
  EXPECT_TRUE(at::allclose(Distribution(targets).gather(1, head), p.gather(1, head), 0, 3e-4));
  EXPECT_TRUE(at::allclose(targets.weights.sum(1), at::ones({30})));
  const at::Tensor drawn = targets.ids.narrow(1, 5, 8), weight = targets.weights.narrow(1, 5, 8);
  const at::Tensor in_head = drawn.unsqueeze(2).eq(head.unsqueeze(1)).any(2);
  EXPECT_FALSE(in_head.logical_and(weight.gt(0)).any().item<bool>());
}

// The errors of many rows of one distribution, which are drawn separately: the mean of the squared
// error, and the square of the mean error, both summed over the classes.
struct Errors {
  double variance, bias;
};
constexpr int64_t kRows = 4000;
Errors ErrorsOf(const TargetSpec& spec, const at::Tensor& row) {
  const at::Tensor p = LogProbabilities(row, 1).exp();  // [1, classes]
  const at::Tensor logits = row.expand({kRows, -1}).contiguous();
  const at::Tensor error = Distribution(SampledOf(spec, logits, {.seed = 11})) - p;
  return {error.square().sum(1).mean().item<double>(), error.mean(0).square().sum().item<double>()};
}

TEST(SampledTest, IsUnbiasedWithAnErrorThatFallsAsOneByTheRootOfTheDraws) {
  const at::Tensor row = PeakedLogits(1, 60, 3);
  for (const bool with_head : {false, true}) {
    const auto errors = [&](int32_t draws) {
      return ErrorsOf(with_head ? HeadSampled(4, draws) : Sampled(draws), row);
    };
    const Errors few = errors(4), more = errors(16), many = errors(64);
    EXPECT_NEAR(few.variance / more.variance, 4, 0.3) << with_head;
    EXPECT_NEAR(more.variance / many.variance, 4, 0.3) << with_head;
    // The mean of unbiased errors has 1/rows of their variance; float16 adds 1e-7 at most.
    for (const Errors& each : {few, more, many}) {
      EXPECT_LT(each.bias, 2 * each.variance / kRows + 1e-7) << with_head;
    }
  }
}

TEST(HeadSampledTest, HasLessVarianceWhereTheDistributionIsPeaked) {
  const at::Tensor peaked = -2 * at::arange(60, at::kFloat).sqrt().view({1, 60});
  EXPECT_LT(ErrorsOf(HeadSampled(6, 6), peaked).variance,
            0.1 * ErrorsOf(Sampled(12), peaked).variance);
}

TEST(SparseTest, TheSameSeedGivesTheSameBytesHoweverManyRowsFollow) {
  // More rows than are processed at once.
  const at::Tensor logits = PeakedLogits(40, 60'000, 3);
  const EncodedTargets all = Encode(HeadSampled(3, 4), logits, {.seed = 5});
  const EncodedTargets first = Encode(HeadSampled(3, 4), logits.slice(0, 0, 7), {.seed = 5});
  for (size_t part = 0; part < all.parts.size(); ++part) {
    EXPECT_TRUE(SliceRows(all.parts[part], 0, 7).bytes == first.parts[part].bytes) << part;
  }
  const EncodedTargets other = Encode(HeadSampled(3, 4), logits.slice(0, 0, 7), {.seed = 6});
  EXPECT_FALSE(other.parts[0].bytes == first.parts[0].bytes);
}

TEST(SparseTest, AnswersThatBelongTogetherFollowEachOther) {
  const at::Tensor classes = at::arange(7, at::kLong) * 4;
  const at::Tensor logits = PeakedLogits(7, 30, 1) + 5 * at::one_hot(classes, 30);
  for (const TargetSpec& spec : {TopK(3), HeadSampled(3, 4)}) {
    const std::vector<EncodedTargets> parts = {Encode(spec, logits.slice(0, 0, 2)),
                                               Encode(spec, logits.slice(0, 2))};
    const DecodedTargets together = DecodeTargets(parts);
    EXPECT_EQ(Rows(together), 7);
    EXPECT_EQ(Classes(together), 30);
    EXPECT_TRUE(MostLikely(together).equal(classes));
  }
}

}  // namespace
}  // namespace distill
