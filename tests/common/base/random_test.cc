#include "common/base/random.h"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <numeric>
#include <set>

namespace distill {
namespace {

using ::testing::ElementsAre;

std::vector<int> UpTo(int n) {
  std::vector<int> items(static_cast<size_t>(n));
  std::iota(items.begin(), items.end(), 0);
  return items;
}

TEST(SplitMix64Test, GivesThePublishedNumbers) {
  // Values of the reference implementation, https://prng.di.unimi.it/splitmix64.c, with seed
  // 1234567.
  SplitMix64 random(1234567);
  const std::array<uint64_t, 5> drawn = {random.Next(), random.Next(), random.Next(), random.Next(),
                                         random.Next()};
  EXPECT_THAT(drawn, ElementsAre(6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                 4593380528125082431u, 16408922859458223821u));
}

TEST(SplitMix64Test, BelowStaysBelowAndReachesEveryNumber) {
  for (const uint64_t bound : {1, 2, 3, 10, 17}) {
    SplitMix64 random(bound);
    std::set<uint64_t> drawn;
    for (int i = 0; i < 1000; ++i) drawn.insert(random.Below(bound));
    EXPECT_EQ(drawn.size(), bound);
    EXPECT_LT(*drawn.rbegin(), bound);
  }
}

TEST(SplitMix64Test, BelowIsUniformWhereTheModuloAloneWouldNotBe) {
  // 2^64 mod this bound is 2^62: without rejection numbers under 2^62 would be twice as likely as
  // the others, half of all draws instead of a third.
  const uint64_t bound = 3 * (uint64_t{1} << 62);
  SplitMix64 random(5);
  constexpr int kDraws = 30'000;
  int low = 0;
  for (int i = 0; i < kDraws; ++i) low += random.Below(bound) < (uint64_t{1} << 62) ? 1 : 0;
  const double deviation = std::sqrt(kDraws * (1.0 / 3) * (2.0 / 3));
  EXPECT_NEAR(low, kDraws / 3.0, 5 * deviation);
}

TEST(SplitMix64Test, NextDoubleIsInTheUnitIntervalWithItsMeanInTheMiddle) {
  SplitMix64 random(1);
  constexpr int kDraws = 10'000;
  double sum = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double number = random.NextDouble();
    ASSERT_GE(number, 0);
    ASSERT_LT(number, 1);
    sum += number;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 5 / std::sqrt(12.0 * kDraws));
}

TEST(MixSeedTest, EveryPartAndTheirOrderMatter) {
  const std::set<uint64_t> seeds = {MixSeed({}),       MixSeed({0}),    MixSeed({0, 0}),
                                    MixSeed({1, 0}),   MixSeed({0, 1}), MixSeed({1, 2, 3}),
                                    MixSeed({3, 2, 1})};
  EXPECT_EQ(seeds.size(), 7u);
  EXPECT_EQ(MixSeed({1, 2, 3}), MixSeed({1, 2, 3}));
}

TEST(ShuffleTest, IsAPermutationAndAFunctionOfTheSeed) {
  for (const int n : {0, 1, 2, 100}) {
    std::vector<int> a = UpTo(n), b = UpTo(n), c = UpTo(n);
    Shuffle(a, 7);
    Shuffle(b, 7);
    Shuffle(c, 8);
    EXPECT_EQ(a, b);
    EXPECT_THAT(a, ::testing::UnorderedElementsAreArray(UpTo(n)));
    if (n == 100) {
      EXPECT_NE(a, c);
      EXPECT_NE(a, UpTo(n));
    }
  }
}

TEST(ShuffleTest, EveryItemIsAsLikelyInEveryPlace) {
  constexpr int kItems = 5, kShuffles = 10'000;
  std::array<std::array<int, kItems>, kItems> counts{};
  for (uint64_t seed = 0; seed < kShuffles; ++seed) {
    std::vector<int> items = UpTo(kItems);
    Shuffle(items, seed);
    for (size_t place = 0; place < kItems; ++place) {
      ++counts[place][static_cast<size_t>(items[place])];
    }
  }
  const double deviation = std::sqrt(kShuffles * 0.2 * 0.8);
  for (const auto& place : counts) {
    for (const int count : place) EXPECT_NEAR(count, kShuffles / 5.0, 5 * deviation);
  }
}

}  // namespace
}  // namespace distill
