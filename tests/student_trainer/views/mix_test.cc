#include "student_trainer/views/mix.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/student_trainer/views/golden_views.h"

namespace distill {
namespace {

const Shape kMixShape = {3, 20, 30};
constexpr int kMixDraws = 4000;

Pixels Mixed(const Mix& mix, const Pixels& partner, const Shape& shape, Pixels image) {
  ApplyMix(mix, partner, shape, absl::MakeSpan(image));
  return image;
}

TEST(ApplyMixTest, MixupBlendsAndRoundsToTheNearest) {
  const Mix mix = {.kind = Mix::Kind::kMixup, .weight = 0.75};
  EXPECT_EQ(Mixed(mix, {0, 255, 10, 12}, {1, 2, 2}, {255, 0, 10, 10}), (Pixels{191, 64, 10, 11}));
}

TEST(ApplyMixTest, MixupEqualsTheExactBlendToOneLevel) {
  Pixels image(65536), partner(65536);
  for (size_t i = 0; i < 65536; ++i) {
    image[i] = static_cast<uint8_t>(i);
    partner[i] = static_cast<uint8_t>(i >> 8);
  }
  for (const double weight : {0.0, 0.1, 1.0 / 3, 0.5, 0.987}) {
    const Mix mix = {.kind = Mix::Kind::kMixup, .weight = weight};
    const Pixels mixed = Mixed(mix, partner, {1, 256, 256}, image);
    for (size_t i = 0; i < 65536; ++i) {
      ASSERT_NEAR(mixed[i], weight * image[i] + (1 - weight) * partner[i], 0.5 + 0.01);
    }
  }
}

TEST(ApplyMixTest, CutMixTakesTheBoxOfEveryChannel) {
  const Shape shape = {2, 2, 3};
  const Mix mix = {.kind = Mix::Kind::kCutMix, .weight = 4.0 / 6, .box = {1, 1, 1, 2}};
  EXPECT_EQ(Mixed(mix, Pixels(12, 9), shape, {1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4}),
            (Pixels{1, 2, 3, 4, 9, 9, 7, 8, 1, 2, 9, 9}));
}

TEST(ApplyMixTest, WithoutAKindNothingChanges) {
  EXPECT_EQ(Mixed({}, Pixels(1800, 9), kMixShape, MakeNoise(kMixShape)), MakeNoise(kMixShape));
}

TEST(DrawMixTest, MixupDrawsItsWeightFromBeta) {
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < kMixDraws; ++i) {
    const Mix mix = DrawMix({.mixup = 0.2}, {1, 0, i}, kMixShape);
    ASSERT_EQ(mix.kind == Mix::Kind::kNone, mix.weight == 1);
    ASSERT_NE(mix.kind, Mix::Kind::kCutMix);
    ASSERT_EQ(mix.weight * 65536, std::round(mix.weight * 65536));
    sum += mix.weight;
    squares += mix.weight * mix.weight;
  }
  const double mean = sum / kMixDraws, variance = 0.25 / (2 * 0.2 + 1);
  EXPECT_NEAR(mean, 0.5, 5 * std::sqrt(variance / kMixDraws));
  EXPECT_NEAR(squares / kMixDraws - mean * mean, variance, 0.05 * variance);
}

TEST(DrawMixTest, CutMixWeighsByTheExactAreaOfItsBox) {
  double weights = 0;
  int whole = 0;
  for (int64_t i = 0; i < kMixDraws; ++i) {
    const Mix mix = DrawMix({.cutmix = 1}, {1, 0, i}, kMixShape);
    weights += mix.weight;
    if (mix.kind == Mix::Kind::kNone) continue;
    ASSERT_EQ(mix.kind, Mix::Kind::kCutMix);
    const Pixels mixed = Mixed(mix, Pixels(1800, 1), kMixShape, Pixels(1800, 0));
    const auto from_partner = std::count(mixed.begin(), mixed.end(), 1);
    ASSERT_DOUBLE_EQ(mix.weight, 1 - static_cast<double>(from_partner) / 1800);
    ASSERT_EQ(from_partner, 3 * mix.box.height * mix.box.width);
    whole += mix.box.height == 20 && mix.box.width == 30 ? 1 : 0;
  }
  // By a box of a uniform share of the area around a uniform point, cut off at the border: a side
  // of s keeps s - s²/4 on average, squared and integrated over s² of 0 … 1 is 1/2 - 1/5 + 1/48.
  EXPECT_NEAR(weights / kMixDraws, 1 - (1.0 / 2 - 1.0 / 5 + 1.0 / 48), 0.03);
  EXPECT_LT(whole, kMixDraws / 20);
}

TEST(DrawMixTest, OfBothEachSampleTakesOneAndAsItWouldAlone) {
  int mixup = 0, cutmix = 0;
  for (int64_t i = 0; i < kMixDraws; ++i) {
    const ViewKey key = {1, 0, i};
    const Mix mix = DrawMix({.mixup = 1, .cutmix = 1}, key, kMixShape);
    if (mix.kind == Mix::Kind::kNone) continue;
    const bool is_mixup = mix.kind == Mix::Kind::kMixup;
    ++(is_mixup ? mixup : cutmix);
    const ViewOptions alone = is_mixup ? ViewOptions{.mixup = 1} : ViewOptions{.cutmix = 1};
    EXPECT_EQ(mix.weight, DrawMix(alone, key, kMixShape).weight);
  }
  EXPECT_NEAR(mixup, kMixDraws / 2, 5 * std::sqrt(kMixDraws / 4));
  EXPECT_GT(cutmix, kMixDraws / 2 - kMixDraws / 10);
}

TEST(DrawMixTest, OffOrOfOnePixelItIsNone) {
  EXPECT_EQ(DrawMix({}, {}, kMixShape).kind, Mix::Kind::kNone);
  for (int64_t i = 0; i < 50; ++i) {
    const Mix mix = DrawMix({.cutmix = 1}, {1, 0, i}, {1, 1, 1});
    EXPECT_EQ(mix.kind, Mix::Kind::kNone);
    EXPECT_EQ(mix.weight, 1);
  }
}

TEST(DrawMixTest, EpochsDrawOthersAndTheSameKeyTheSame) {
  const ViewOptions options = {.mixup = 1};
  EXPECT_EQ(DrawMix(options, {1, 2, 3}, kMixShape).weight,
            DrawMix(options, {1, 2, 3}, kMixShape).weight);
  EXPECT_NE(DrawMix(options, {1, 2, 3}, kMixShape).weight,
            DrawMix(options, {1, 3, 3}, kMixShape).weight);
}

}  // namespace
}  // namespace distill
