#include "student_trainer/views/random_crop.h"

#include <cmath>
#include <string>

#include "gtest/gtest.h"
#include "tests/student_trainer/views/golden_views.h"

namespace distill {
namespace {

TEST(DrawCropBoxTest, EqualsASecondImplementation) {
  const nlohmann::json golden = ReadGoldenViews();
  ASSERT_EQ(golden["crops"].size(), 24u);
  for (const nlohmann::json& one : golden["crops"]) {
    const auto part = [&](size_t i) { return std::stoull(one["key"][i].get<std::string>()); };
    const ViewKey key = {part(0), static_cast<int64_t>(part(1)), static_cast<int64_t>(part(2))};
    const Box box = DrawCropBox(one["scale"], key, one["height"], one["width"]);
    EXPECT_EQ(nlohmann::json({box.top, box.left, box.height, box.width}), one["box"]) << one;
  }
}

TEST(DrawCropBoxTest, LiesWithinTheImageAndCoversTheShareAsked) {
  double areas = 0, tops = 0;
  constexpr int kDraws = 5000;
  for (int64_t sample = 0; sample < kDraws; ++sample) {
    const Box box = DrawCropBox(0.25, {1, 0, sample}, 400, 400);
    ASSERT_GE(box.top, 0);
    ASSERT_GE(box.left, 0);
    ASSERT_LE(box.top + box.height, 400);
    ASSERT_LE(box.left + box.width, 400);
    const auto height = static_cast<double>(box.height), width = static_cast<double>(box.width);
    ASSERT_GE(height * width, 0.25 * 160000 - 401);
    ASSERT_GE(width / height, 0.75 - 0.01);
    ASSERT_LE(width / height, 4.0 / 3 + 0.01);
    areas += height * width / 160000;
    tops += box.height == 400 ? 0.5 : static_cast<double>(box.top) / (400 - height);
  }
  // A share u is drawn from 0.25 … 1 and an aspect eᵗ, |t| ≤ ln(4/3); boxes with u·e^|t| > 1 do not
  // fit a square. The mean of the others is 0.10039 / 0.17808.
  EXPECT_NEAR(areas / kDraws, 0.5637, 5 * 0.2 / std::sqrt(kDraws));
  EXPECT_NEAR(tops / kDraws, 0.5, 0.02);
}

TEST(DrawCropBoxTest, IsTheCentreWhereNoDrawFits) {
  for (int64_t sample = 0; sample < 20; ++sample) {
    const Box wide = DrawCropBox(1, {1, 0, sample}, 30, 1000);
    EXPECT_EQ(wide.height, 30);
    EXPECT_EQ(wide.width, 40);
    EXPECT_EQ(wide.left, 480);
    const Box tall = DrawCropBox(1, {1, 0, sample}, 1000, 30);
    EXPECT_EQ(tall.height, 40);
    EXPECT_EQ(tall.top, 480);
    EXPECT_EQ(tall.width, 30);
  }
}

}  // namespace
}  // namespace distill
