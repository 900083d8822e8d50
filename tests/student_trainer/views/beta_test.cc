#include "student_trainer/views/beta.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace distill {
namespace {

constexpr int kBetaDraws = 20'000;

std::vector<double> Draw(double alpha, double beta) {
  SplitMix64 random(11);
  std::vector<double> numbers;
  for (int i = 0; i < kBetaDraws; ++i) numbers.push_back(DrawBeta(alpha, beta, random));
  return numbers;
}

TEST(DrawBetaTest, HasTheMeanAndTheVarianceOfTheDistribution) {
  for (const auto& [alpha, beta] : std::vector<std::pair<double, double>>{
           {1, 1}, {0.2, 0.2}, {0.5, 2}, {3, 1}, {40, 40}, {0.05, 0.05}, {1000, 500}}) {
    double sum = 0, squares = 0;
    for (const double number : Draw(alpha, beta)) {
      ASSERT_TRUE(number >= 0 && number <= 1);
      sum += number;
      squares += number * number;
    }
    const double all = alpha + beta;
    const double mean = alpha / all, variance = alpha * beta / (all * all * (all + 1));
    EXPECT_NEAR(sum / kBetaDraws, mean, 5 * std::sqrt(variance / kBetaDraws))
        << alpha << ", " << beta;
    EXPECT_NEAR(squares / kBetaDraws - sum / kBetaDraws * (sum / kBetaDraws), variance,
                0.05 * variance)
        << alpha << ", " << beta;
  }
}

TEST(DrawBetaTest, OfOneAndOneIsUniformAndOfHalvesTheArcsine) {
  // Kolmogorov-Smirnov: the largest distance between the distribution functions, at p = 0.001.
  const double critical = 1.95 / std::sqrt(kBetaDraws);
  const auto distance = [](std::vector<double> numbers, double (*below)(double)) {
    std::sort(numbers.begin(), numbers.end());
    double largest = 0;
    for (size_t i = 0; i < numbers.size(); ++i) {
      const double share = (static_cast<double>(i) + 0.5) / kBetaDraws;
      largest = std::max(largest, std::abs(share - below(numbers[i])));
    }
    return largest;
  };
  EXPECT_LT(distance(Draw(1, 1), [](double x) { return x; }), critical);
  EXPECT_LT(distance(Draw(0.5, 0.5),
                     [](double x) { return 2 / std::acos(-1.0) * std::asin(std::sqrt(x)); }),
            critical);
}

TEST(DrawBetaTest, TheSmallestParametersGiveNumbersAtBothEnds) {
  int low = 0, high = 0;
  for (const double number : Draw(0.001, 0.001)) {
    low += number < 0.01 ? 1 : 0;
    high += number > 0.99 ? 1 : 0;
  }
  EXPECT_NEAR(low, kBetaDraws / 2, 0.05 * kBetaDraws);
  EXPECT_NEAR(high, kBetaDraws / 2, 0.05 * kBetaDraws);
}

}  // namespace
}  // namespace distill
