#include "common/codec/draw.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

namespace distill {
namespace {

at::Tensor SomeLogits(int64_t rows, int64_t classes) {
  return at::sin(at::arange(rows * classes, at::kFloat) * 1.3).view({rows, classes}) * 2;
}

// Returns how often each class was drawn. float64 [rows, classes].
at::Tensor Frequencies(const at::Tensor& drawn, int64_t classes) {
  return at::one_hot(drawn, classes).to(at::kDouble).mean(1);
}

TEST(DrawTest, TheSameSeedAndRowGiveTheSameDraws) {
  const at::Tensor logits = SomeLogits(1, 50).expand({4, 50});
  const at::Tensor drawn = Draw(logits, 20, 7, 0);
  EXPECT_TRUE(Draw(logits, 20, 7, 0).equal(drawn));
  EXPECT_TRUE(Draw(logits.slice(0, 2), 20, 7, /*first_row=*/2).equal(drawn.slice(0, 2)));
  EXPECT_FALSE(drawn[0].equal(drawn[1]));  // equal rows, drawn apart
  EXPECT_FALSE(Draw(logits, 20, 8, 0).equal(drawn));
}

TEST(DrawTest, ClassesAreDrawnAsOftenAsTheirProbabilitySays) {
  constexpr int64_t kDraws = 20'000;
  const at::Tensor logits = SomeLogits(3, 40);
  const at::Tensor p = logits.to(at::kDouble).softmax(1);
  const at::Tensor deviation = (Frequencies(Draw(logits, kDraws, 1, 0), 40) - p).abs();
  EXPECT_TRUE((deviation <= 5 * at::sqrt(p * (1 - p) / kDraws)).all().item<bool>());
}

TEST(DrawTest, ExcludedClassesAreNeverDrawn) {
  const double infinity = std::numeric_limits<double>::infinity();
  const at::Tensor first = at::zeros({1}), none = at::full({1}, -infinity);
  const at::Tensor logits = at::stack(
      {at::cat({none, first, none, first, none}), at::cat({none, none, none, none, first})});
  const at::Tensor often = Frequencies(Draw(logits, 1000, 3, 0), 5);
  EXPECT_EQ(often.gt(0).sum().item<int64_t>(), 3);
  EXPECT_EQ(often[1][4].item<double>(), 1);
}

TEST(DrawTest, LogitsOfTenThousandAreDrawnFrom) {
  const at::Tensor drawn = Draw(at::tensor({-1e4f, 1e4f, 1e4f}).view({1, 3}), 1000, 5, 0);
  EXPECT_EQ(drawn.eq(0).sum().item<int64_t>(), 0);
  EXPECT_NEAR(drawn.eq(1).sum().item<double>(), 500, 80);
}

TEST(CountTest, EqualDrawsBecomeOne) {
  const Tally tally = Count(at::tensor({2, 2, 5, 7, 7, 7}, at::kLong).view({1, 6}));
  EXPECT_TRUE(tally.ids.equal(at::tensor({2, 5, 7, 0, 0, 0}, at::kLong).view({1, 6})));
  EXPECT_TRUE(tally.counts.equal(at::tensor({2, 1, 3, 0, 0, 0}, at::kLong).view({1, 6})));
}

}  // namespace
}  // namespace distill
