#include "student_trainer/loss/distillation_loss.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/student_trainer/loss/golden_values.h"

namespace distill {
namespace {

using ::testing::HasSubstr;
using testing::Matrix;

HardLabels Labels(const std::vector<int64_t>& labels) { return {at::tensor(labels, at::kLong)}; }

HardLabels Mixed(const std::vector<int64_t>& labels, const std::vector<int64_t>& mixed,
                 const std::vector<float>& weights) {
  return {at::tensor(labels, at::kLong), at::tensor(mixed, at::kLong), at::tensor(weights)};
}

at::Tensor Leaf(const at::Tensor& logits) { return logits.detach().clone().requires_grad_(); }

// Returns logits of n samples, the same at every call.
at::Tensor FloatLogits(int64_t n, int64_t classes, double phase) {
  return at::sin(at::arange(n * classes, at::kFloat) * 1.7 + phase).view({n, classes}) * 4;
}

DecodedTargets Teacher(const at::Tensor& logits) { return FullLogits{logits}; }

struct GoldenCase {
  explicit GoldenCase(const nlohmann::json& json)
      : options{json["alpha"], json["temperature"]},
        labels(Labels(json["labels"])),
        student(Matrix(json["student_logits"])),
        teacher(Matrix(json["teacher_logits"])),
        gradient(Matrix(json["gradient"])),
        total(json["total"]),
        student_loss(json["student_loss"]),
        distillation_loss(json["distillation_loss"]) {}

  DistillationLossOptions options;
  HardLabels labels;
  at::Tensor student, teacher, gradient;
  double total, student_loss, distillation_loss;
};

std::vector<GoldenCase> GoldenCases() {
  std::ifstream file(DISTILL_GOLDEN_FOLDER "/kd_loss.json");
  std::vector<GoldenCase> cases;
  for (const auto& json : nlohmann::json::parse(file)) cases.emplace_back(json);
  return cases;
}

void ExpectGolden(at::ScalarType type, double tolerance) {
  const std::vector<GoldenCase> cases = GoldenCases();
  ASSERT_GE(cases.size(), 9u);
  for (const GoldenCase& golden : cases) {
    SCOPED_TRACE(::testing::Message()
                 << "n=" << golden.student.size(0) << " T=" << golden.options.temperature
                 << " alpha=" << golden.options.alpha);
    const at::Tensor student = Leaf(golden.student.to(type));
    const LossParts parts =
        DistillationLoss(student, Teacher(golden.teacher.to(type)), golden.labels, golden.options);
    parts.total.backward();
    const auto near = [&](const at::Tensor& value, double expected) {
      EXPECT_NEAR(value.item<double>(), expected, tolerance * (1 + std::abs(expected)));
    };
    near(parts.total, golden.total);
    // At alpha 0 and 1 the loss omits the part whose weight is 0.
    near(parts.student, golden.options.alpha == 1 ? 0 : golden.student_loss);
    near(parts.distillation, golden.options.alpha == 0 ? 0 : golden.distillation_loss);
    const at::Tensor error = (student.grad().to(at::kDouble) - golden.gradient).abs();
    EXPECT_LE(error.max().item<double>(),
              tolerance * (1 + golden.gradient.abs().max().item<double>()));
  }
}

TEST(DistillationLossTest, Float64LossAndGradientEqualThoseOfPython) {
  ExpectGolden(at::kDouble, 1e-12);
}

TEST(DistillationLossTest, Float32LossAndGradientAreNearThoseOfPython) {
  ExpectGolden(at::kFloat, 1e-5);
}

TEST(DistillationLossTest, AtAlphaZeroTheTeacherIsNotLookedAt) {
  const at::Tensor student = Leaf(FloatLogits(3, 4, 0));
  const HardLabels labels = Labels({0, kNoLabel, 3});
  const LossParts parts = DistillationLoss(student, FullLogits{}, labels, {.alpha = 0});
  EXPECT_EQ(parts.total.item<float>(), HardLabelLoss(student, labels).total.item<float>());
  EXPECT_EQ(parts.distillation.item<float>(), 0);
}

TEST(DistillationLossTest, AtAlphaOneLabelsAreNotLookedAt) {
  const at::Tensor student = Leaf(FloatLogits(3, 4, 0));
  const LossParts parts =
      DistillationLoss(student, Teacher(FloatLogits(3, 4, 1)), HardLabels(), {.alpha = 1});
  EXPECT_GT(parts.total.item<float>(), 0);
  EXPECT_EQ(parts.total.item<float>(), parts.distillation.item<float>());
  EXPECT_EQ(parts.student.item<float>(), 0);
}

TEST(DistillationLossTest, DistillationIsZeroWithoutGradientWhereStudentAndTeacherAgree) {
  for (double temperature : {0.5, 1.0, 2.0, 20.0}) {
    const at::Tensor student = Leaf(FloatLogits(5, 10, 0));
    // Adding a constant to a row does not change any distribution.
    const at::Tensor teacher = student.detach() + at::arange(5, at::kFloat).unsqueeze(1);
    const LossParts parts = DistillationLoss(student, Teacher(teacher), HardLabels(),
                                             {.alpha = 1, .temperature = temperature});
    parts.total.backward();
    EXPECT_NEAR(parts.total.item<float>(), 0, 2e-4) << temperature;
    EXPECT_LE(student.grad().abs().max().item<float>(), 1e-5) << temperature;
  }
}

TEST(DistillationLossTest, DistillationIsNeverNegative) {
  for (int i = 0; i < 20; ++i) {
    const LossParts parts =
        DistillationLoss(FloatLogits(4, 6, i), Teacher(FloatLogits(4, 6, 2.5 * i + 1)),
                         HardLabels(), {.alpha = 1, .temperature = 0.5 + i});
    EXPECT_GE(parts.distillation.item<float>(), -1e-6) << i;
  }
}

TEST(DistillationLossTest, TheSumIsDividedByAllSamplesLabelledOrNot) {
  const at::Tensor student = FloatLogits(4, 3, 0);
  const at::Tensor teacher = FloatLogits(4, 3, 1);
  const DistillationLossOptions options = {.alpha = 0.4, .temperature = 3};
  const std::vector<int64_t> labels = {2, kNoLabel, 0, kNoLabel};
  double sum = 0;
  for (int64_t i = 0; i < 4; ++i) {
    const auto one =
        DistillationLoss(student.slice(0, i, i + 1), Teacher(teacher.slice(0, i, i + 1)),
                         Labels({labels[i]}), options);
    sum += one.total.item<double>();
  }
  const LossParts all = DistillationLoss(student, Teacher(teacher), Labels(labels), options);
  EXPECT_NEAR(all.total.item<double>(), sum / 4, 1e-5);
}

TEST(DistillationLossTest, BatchWithoutAnyLabelHasStudentLossAndGradientZero) {
  const at::Tensor student = Leaf(FloatLogits(3, 4, 0));
  const LossParts parts = HardLabelLoss(student, Labels({kNoLabel, kNoLabel, kNoLabel}));
  parts.total.backward();
  EXPECT_EQ(parts.total.item<float>(), 0);
  EXPECT_EQ(student.grad().abs().sum().item<float>(), 0);
}

TEST(DistillationLossTest, NoGradientFlowsIntoTheTeacher) {
  const at::Tensor student = Leaf(FloatLogits(3, 4, 0));
  const at::Tensor teacher = Leaf(FloatLogits(3, 4, 1));
  DistillationLoss(student, Teacher(teacher), Labels({0, 1, 2}), {.alpha = 0.5}).total.backward();
  EXPECT_TRUE(student.grad().defined());
  EXPECT_FALSE(teacher.grad().defined());
}

TEST(DistillationLossTest, ReportedPartsHoldNoGraph) {
  const at::Tensor student = Leaf(FloatLogits(3, 4, 0));
  const LossParts parts =
      DistillationLoss(student, Teacher(FloatLogits(3, 4, 1)), Labels({0, 1, 2}), {.alpha = 0.5});
  EXPECT_FALSE(parts.student.requires_grad());
  EXPECT_FALSE(parts.distillation.requires_grad());
}

TEST(DistillationLossTest, ExtremeLogitsGiveFiniteLossAndGradient) {
  const at::Tensor sure = at::tensor({1e4, -1e4, 0.0, -1e4, 1e4, 0.0}, at::kFloat).view({2, 3});
  const at::Tensor wrong = at::tensor({-1e4, 1e4, 0.0, 1e4, -1e4, 0.0}, at::kFloat).view({2, 3});
  for (double temperature : {0.1, 1.0, 10.0}) {
    for (const at::Tensor& teacher : {sure, wrong, at::zeros_like(sure)}) {
      const at::Tensor student = Leaf(sure);
      const LossParts parts = DistillationLoss(student, Teacher(teacher), Labels({1, kNoLabel}),
                                               {.alpha = 0.5, .temperature = temperature});
      parts.total.backward();
      EXPECT_TRUE(std::isfinite(parts.total.item<float>())) << temperature;
      EXPECT_TRUE(at::isfinite(student.grad()).all().item<bool>()) << temperature;
    }
  }
}

// Of `Labels`, one sample at a time: the student loss alone.
double CeOf(const at::Tensor& logits, int64_t row, int64_t label, double smoothing) {
  return HardLabelLoss(logits.slice(0, row, row + 1), Labels({label}), smoothing)
      .total.item<double>();
}

TEST(DistillationLossTest, SmoothingMovesTheTargetTowardsTheUniformDistribution) {
  const int64_t classes = 5;
  const double epsilon = 0.2;
  const at::Tensor logits = Leaf(FloatLogits(3, classes, 0).to(at::kDouble));
  const at::Tensor target = at::full({3, classes}, epsilon / classes, at::kDouble);
  target[0][2] += 1 - epsilon;
  target[2][4] += 1 - epsilon;
  const at::Tensor log_q = at::log_softmax(logits, 1);
  const double expected =
      -((target[0] * log_q[0]).sum() + (target[2] * log_q[2]).sum()).item<double>() / 3;
  const LossParts parts = HardLabelLoss(logits, Labels({2, kNoLabel, 4}), epsilon);
  EXPECT_NEAR(parts.total.item<double>(), expected, 1e-12);
}

TEST(DistillationLossTest, SmoothingReachesTheStudentLossOfTheMixture) {
  const at::Tensor student = FloatLogits(3, 4, 0);
  const HardLabels labels = Labels({0, 1, 2});
  const LossParts parts = DistillationLoss(student, Teacher(FloatLogits(3, 4, 1)), labels,
                                           {.alpha = 0.5, .label_smoothing = 0.1});
  EXPECT_EQ(parts.student.item<float>(), HardLabelLoss(student, labels, 0.1).total.item<float>());
}

TEST(DistillationLossTest, AMixedSampleCountsBothLabelsByTheirWeights) {
  const at::Tensor logits = FloatLogits(2, 4, 0);
  for (const double smoothing : {0.0, 0.1}) {
    const double expected =
        (0.7 * CeOf(logits, 0, 1, smoothing) + 0.3 * CeOf(logits, 0, 3, smoothing) +
         0.25 * CeOf(logits, 1, 2, smoothing) + 0.75 * CeOf(logits, 1, 2, smoothing)) /
        2;
    const LossParts parts = HardLabelLoss(logits, Mixed({1, 2}, {3, 2}, {0.7f, 0.25f}), smoothing);
    EXPECT_NEAR(parts.total.item<double>(), expected, 1e-5);
  }
}

TEST(DistillationLossTest, APartWithoutALabelContributesNothing) {
  const at::Tensor logits = Leaf(FloatLogits(3, 4, 0));
  const LossParts parts = HardLabelLoss(
      logits, Mixed({1, kNoLabel, kNoLabel}, {kNoLabel, 2, kNoLabel}, {0.6f, 0.6f, 0.6f}), 0.1);
  parts.total.backward();
  const double expected = (0.6 * CeOf(logits, 0, 1, 0.1) + 0.4 * CeOf(logits, 1, 2, 0.1)) / 3;
  EXPECT_NEAR(parts.total.item<double>(), expected, 1e-5);
  EXPECT_EQ(logits.grad()[2].abs().sum().item<float>(), 0);
}

TEST(DistillationLossTest, AnObjectiveSeesTheLabelOfTheGreaterPartOfAMixedSample) {
  const at::Tensor student = FloatLogits(2, 3, 1), teacher = FloatLogits(2, 3, 2);
  const DistillationLossOptions options{
      .alpha = 1, .temperature = 2, .objective = *ParseObjective("dkd")};
  const auto loss = [&](const HardLabels& labels) {
    return DistillationLoss(student, Teacher(teacher), labels, options).total.item<float>();
  };
  EXPECT_EQ(loss(Mixed({0, 1}, {1, 2}, {0.6F, 0.3F})), loss(Labels({0, 2})));
  // The part with more weight has no label, so the most likely class of the teacher is used.
  EXPECT_EQ(loss(Mixed({0, kNoLabel}, {kNoLabel, 2}, {0.1F, 0.9F})),
            loss(Labels({kNoLabel, kNoLabel})));
}

TEST(DistillationLossTest, AWeightOfOneIsTheUnmixedSample) {
  const at::Tensor logits = FloatLogits(2, 4, 0);
  EXPECT_FLOAT_EQ(HardLabelLoss(logits, Mixed({1, 2}, {3, 0}, {1, 1})).total.item<float>(),
                  HardLabelLoss(logits, Labels({1, 2})).total.item<float>());
}

TEST(DistillationLossOptionsTest, ValuesInRangeAreValid) {
  EXPECT_TRUE(DistillationLossOptions().Validate().ok());
  EXPECT_TRUE((DistillationLossOptions{.alpha = 0, .temperature = 1e-3}).Validate().ok());
  EXPECT_TRUE((DistillationLossOptions{.alpha = 1, .temperature = 100}).Validate().ok());
}

TEST(DistillationLossOptionsTest, ErrorNamesTheOptionAndTheValue) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (double alpha : {-0.5, 1.5, nan, infinity}) {
    const absl::Status status = DistillationLossOptions{.alpha = alpha}.Validate();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << alpha;
    EXPECT_THAT(std::string(status.message()), HasSubstr("`alpha` is ")) << alpha;
  }
  for (double temperature : {0.0, -2.0, nan, infinity}) {
    const absl::Status status = DistillationLossOptions{.temperature = temperature}.Validate();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << temperature;
    EXPECT_THAT(std::string(status.message()), HasSubstr("`temperature` is ")) << temperature;
  }
  for (double smoothing : {-0.1, 1.0, nan}) {
    const absl::Status status = DistillationLossOptions{.label_smoothing = smoothing}.Validate();
    EXPECT_THAT(std::string(status.message()), HasSubstr("`label_smoothing` is ")) << smoothing;
  }
  EXPECT_THAT(std::string((DistillationLossOptions{.alpha = 1.5}).Validate().message()),
              HasSubstr("1.5"));
}

}  // namespace
}  // namespace distill
