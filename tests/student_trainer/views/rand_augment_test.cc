#include "student_trainer/views/rand_augment.h"

#include <array>
#include <cmath>
#include <set>

#include "gtest/gtest.h"
#include "tests/student_trainer/views/golden_views.h"

namespace distill {
namespace {

const Shape kAugmentShape = {3, 20, 20};

Pixels Applied(AugmentOp op, double magnitude, const Shape& shape, Pixels image) {
  ApplyAugmentOp(op, magnitude, shape, absl::MakeSpan(image));
  return image;
}

Pixels Augmented(int ops, double magnitude, int64_t sample) {
  Pixels image = MakeNoise(kAugmentShape);
  RandAugment(ops, magnitude, {1, 2, sample}, kAugmentShape, absl::MakeSpan(image));
  return image;
}

// As in the tests of the operations, those that blend differ by one level.
TEST(RandAugmentTest, EachOperationAtItsMagnitudeEqualsTorchvisionsOnPillow) {
  const nlohmann::json golden = ReadGoldenViews();
  std::set<int> ops;
  for (const nlohmann::json& one : golden["rand_augment"]) {
    const nlohmann::json& image = golden["images"][one["image"].get<std::string>()];
    const int op = one["operation"];
    ops.insert(op);
    const Pixels pixels = Applied(static_cast<AugmentOp>(op), one["magnitude"], image["shape"],
                                  FromHex(image["pixels"]));
    const Pixels expected = FromHex(one["expected"]);
    ASSERT_EQ(pixels.size(), expected.size());
    for (size_t i = 0; i < pixels.size(); ++i) {
      ASSERT_NEAR(pixels[i], expected[i], 1) << "operation " << op << " at " << one["magnitude"]
                                             << " of " << one["image"] << ", byte " << i;
    }
  }
  EXPECT_EQ(ops.size(), static_cast<size_t>(kAugmentOps));
}

TEST(RandAugmentTest, NoOperationIsTheIdentity) {
  for (int64_t i = 0; i < 20; ++i) EXPECT_EQ(Augmented(0, 30, i), MakeNoise(kAugmentShape));
}

TEST(RandAugmentTest, AtMagnitudeZeroOnlyThoseWithoutOneAct) {
  const Pixels image = [] {
    Pixels noise = MakeNoise(kAugmentShape);
    for (uint8_t& pixel : noise) pixel = std::min<uint8_t>(pixel, 254);  // Solarize takes 255
    return noise;
  }();
  for (int op = 0; op < kAugmentOps; ++op) {
    const auto name = static_cast<AugmentOp>(op);
    if (name == AugmentOp::kAutoContrast || name == AugmentOp::kEqualize) continue;
    EXPECT_EQ(Applied(name, 0, kAugmentShape, image), image) << op;
  }
}

TEST(RandAugmentTest, EveryOperationIsDrawnEquallyOftenAndInBothDirections) {
  constexpr int kDraws = 14'000;
  std::array<int, kAugmentOps> counts{};
  std::array<std::array<Pixels, 2>, kAugmentOps> results;
  for (size_t op = 0; op < kAugmentOps; ++op) {
    results[op] = {
        Applied(static_cast<AugmentOp>(op), 9, kAugmentShape, MakeNoise(kAugmentShape)),
        Applied(static_cast<AugmentOp>(op), -9, kAugmentShape, MakeNoise(kAugmentShape))};
  }
  int forward = 0, signed_draws = 0, unknown = 0;
  for (int64_t i = 0; i < kDraws; ++i) {
    const Pixels view = Augmented(1, 9, i);
    size_t op = 0;
    while (op < kAugmentOps && view != results[op][0] && view != results[op][1]) ++op;
    if (op == kAugmentOps) {
      ++unknown;
      continue;
    }
    ++counts[op];
    if (results[op][0] == results[op][1]) continue;
    ++signed_draws;
    forward += view == results[op][0] ? 1 : 0;
  }
  EXPECT_EQ(unknown, 0);
  // Auto-contrast finds every level there already, and counts as the identity.
  EXPECT_EQ(results[static_cast<size_t>(AugmentOp::kAutoContrast)][0], results[0][0]);
  const double deviation = std::sqrt(kDraws / 14.0);
  for (size_t op = 0; op < kAugmentOps; ++op) {
    const auto name = static_cast<AugmentOp>(op);
    const double share = op == 0 ? 2 : name == AugmentOp::kAutoContrast ? 0 : 1;
    EXPECT_NEAR(counts[op], share * kDraws / 14, 7 * deviation) << op;
  }
  EXPECT_NEAR(forward, signed_draws / 2.0, 5 * std::sqrt(signed_draws / 4.0));
}

TEST(RandAugmentTest, MoreOperationsGoOnWhereFewerEnded) {
  // The first operation of two is the one of one: views of different `ops` share their beginning.
  int same = 0;
  for (int64_t i = 0; i < 50; ++i) {
    Pixels image = Augmented(1, 9, i);
    for (int op = 0; op < kAugmentOps; ++op) {
      for (const double magnitude : {9.0, -9.0}) {
        if (Applied(static_cast<AugmentOp>(op), magnitude, kAugmentShape, image) ==
            Augmented(2, 9, i)) {
          ++same;
          op = kAugmentOps;
          break;
        }
      }
    }
  }
  EXPECT_EQ(same, 50);
}

}  // namespace
}  // namespace distill
