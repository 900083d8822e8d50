#include "student_trainer/evaluation/quality_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <vector>

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;

at::Tensor LogOf(const std::vector<std::vector<double>>& probabilities) {
  std::vector<at::Tensor> rows;
  for (const auto& row : probabilities) rows.push_back(torch::tensor(row, torch::kDouble));
  return at::stack(rows).log().to(torch::kFloat32);
}

at::Tensor Labels(const std::vector<int64_t>& labels) {
  return torch::tensor(labels, torch::kInt64);
}

TEST(QualityMeterTest, CountsAreThoseOfTheSamples) {
  QualityMeter meter(3);
  meter.Add(LogOf({{0.7, 0.2, 0.1}, {0.6, 0.3, 0.1}}), Labels({0, 1}));
  meter.Add(LogOf({{0.1, 0.1, 0.8}, {0.5, 0.3, 0.2}}), Labels({2, 1}));
  const Quality quality = meter.quality();

  EXPECT_EQ(quality.samples, 4);
  EXPECT_EQ(quality.errors, 2);
  EXPECT_DOUBLE_EQ(quality.accuracy(), 0.5);
  EXPECT_NEAR(quality.loss, -(std::log(0.7) + 2 * std::log(0.3) + std::log(0.8)) / 4, 1e-6);
  EXPECT_THAT(meter.answers(), ElementsAre(0, 0, 2, 0));
  EXPECT_DOUBLE_EQ(quality.classes[0].recall(), 1);
  EXPECT_DOUBLE_EQ(quality.classes[1].recall(), 0);
  EXPECT_DOUBLE_EQ(quality.classes[2].recall(), 1);
  ASSERT_EQ(quality.confusions.size(), 1U);
  EXPECT_EQ(quality.confusions[0].label, 1);
  EXPECT_EQ(quality.confusions[0].answer, 0);
  EXPECT_EQ(quality.confusions[0].samples, 2);
}

TEST(QualityMeterTest, CalibrationErrorIsTheMeanGapBetweenConfidenceAndAccuracyOfTheBins) {
  QualityMeter meter(2);
  // One bin, (9/15, 10/15): three samples with confidence 0.62, one of them right.
  meter.Add(LogOf({{0.62, 0.38}, {0.62, 0.38}, {0.62, 0.38}}), Labels({0, 1, 1}));
  // Another, (14/15, 1]: one with confidence 0.95, right.
  meter.Add(LogOf({{0.05, 0.95}}), Labels({1}));
  EXPECT_NEAR(meter.quality().calibration_error(), (3 * 0.62 - 1) / 4 + (1 - 0.95) / 4, 1e-6);
}

TEST(QualityMeterTest, FullConfidenceIsInTheLastBin) {
  QualityMeter meter(2);
  meter.Add(torch::tensor({{1e4F, -1e4F}}), Labels({0}));
  EXPECT_EQ(meter.quality().calibration.back().samples, 1);
  EXPECT_DOUBLE_EQ(meter.quality().calibration_error(), 0);
  EXPECT_DOUBLE_EQ(meter.quality().loss, 0);
}

TEST(QualityMeterTest, TopFiveIsAMissWhereTheLabelIsSixth) {
  QualityMeter meter(7);
  const at::Tensor logits = torch::tensor({{7.F, 6.F, 5.F, 4.F, 3.F, 2.F, 1.F}}).repeat({2, 1});
  meter.Add(logits, Labels({4, 5}));
  EXPECT_EQ(meter.quality().errors, 2);
  EXPECT_EQ(meter.quality().top5_errors, 1);
}

TEST(QualityMeterTest, WithFewerThanFiveClassesAllAreInTheTopFive) {
  QualityMeter meter(2);
  meter.Add(LogOf({{0.7, 0.3}}), Labels({1}));
  EXPECT_EQ(meter.quality().top5_errors, 0);
}

TEST(QualityMeterTest, OneClassIsAlwaysRight) {
  QualityMeter meter(1);
  meter.Add(torch::zeros({3, 1}), Labels({0, 0, 0}));
  EXPECT_EQ(meter.quality().errors, 0);
  EXPECT_DOUBLE_EQ(meter.quality().calibration_error(), 0);
}

TEST(QualityMeterTest, AModelMayAnswerWithAClassThatTheDataDoNotHave) {
  QualityMeter meter(1);
  meter.Add(torch::tensor({{0.F, 9.F}}), Labels({0}));
  EXPECT_EQ(meter.quality().errors, 1);
  EXPECT_THAT(meter.quality().confusions, ElementsAre(Field(&Confusion::answer, 1)));
}

TEST(QualityMeterTest, NothingAddedIsNoQuality) {
  EXPECT_EQ(QualityMeter(3).quality().samples, 0);
  EXPECT_DOUBLE_EQ(QualityMeter(3).quality().calibration_error(), 0);
  EXPECT_TRUE(std::isnan(QualityMeter(3).quality().classes[0].recall()));
}

}  // namespace
}  // namespace distill
