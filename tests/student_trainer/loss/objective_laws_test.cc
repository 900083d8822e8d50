// Properties of every objective, or of all except those that are named.
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>
#include <set>

#include "tests/student_trainer/loss/objective_fixture.h"

namespace distill::testing {
namespace {

ObjectiveInput Batch(int64_t n, int64_t classes, double temperature,
                     at::ScalarType type = at::kDouble) {
  return {.student_logits = SomeLogits(n, classes, 1, 3, type),
          .targets = FullLogits{SomeLogits(n, classes, 2, 3, type)},
          .labels = SomeLabels(n, classes),
          .temperature = temperature};
}

bool IsOneOf(const Objective& objective, const std::set<std::string>& names) {
  return names.contains(std::string(objective.type->name));
}

TEST(ObjectiveLawsTest, GradientsAreThoseOfFiniteDifferences) {
  constexpr double kStep = 1e-5;
  for (const Objective& objective : AllObjectives()) {
    for (const double temperature : {1.0, 4.0}) {
      const ObjectiveInput batch = Batch(5, 4, temperature);
      const at::Tensor gradient = Compute(objective, batch).gradient;
      for (int64_t i = 0; i < gradient.numel(); ++i) {
        const auto at_shift = [&](double shift) {
          ObjectiveInput moved = batch;
          moved.student_logits = batch.student_logits.clone();
          moved.student_logits.view(-1)[i] += shift;
          return Compute(objective, moved).loss;
        };
        const double expected = (at_shift(kStep) - at_shift(-kStep)) / (2 * kStep);
        EXPECT_NEAR(gradient.view(-1)[i].item<double>(), expected, 1e-7 * (1 + std::abs(expected)))
            << NameOf(objective) << " T=" << temperature << " logit " << i;
      }
    }
  }
}

TEST(ObjectiveLawsTest, AreZeroWithoutGradientWhereStudentAndTeacherAgree) {
  for (const Objective& objective : AllObjectives()) {
    if (IsOneOf(objective, {"nkd", "hard_distillation", "label_smoothing"})) continue;
    ObjectiveInput batch = Batch(6, 5, 2);
    batch.targets = FullLogits{batch.student_logits};
    const LossAndGradient result = Compute(objective, batch);
    const double tolerance = IsOneOf(objective, {"dist"}) ? 1e-5 : 1e-12;  // its denominator's 1e-8
    EXPECT_NEAR(result.loss, 0, tolerance) << NameOf(objective);
    EXPECT_NEAR(Norm(result.gradient), 0, tolerance) << NameOf(objective);
    EXPECT_GT(Compute(objective, Batch(6, 5, 2)).loss, 1e-3) << NameOf(objective);
  }
}

TEST(ObjectiveLawsTest, AConstantAddedToARowChangesNothing) {
  for (const Objective& objective : AllObjectives()) {
    if (IsOneOf(objective, {"mse"}) && !objective.standardize_logits) continue;
    const ObjectiveInput batch = Batch(6, 5, 2);
    ObjectiveInput moved = batch;
    moved.student_logits = batch.student_logits + at::arange(6, at::kDouble).unsqueeze(1);
    moved.targets = FullLogits{std::get<FullLogits>(batch.targets).logits - 3};
    const LossAndGradient expected = Compute(objective, batch), result = Compute(objective, moved);
    EXPECT_NEAR(result.loss, expected.loss, 1e-10) << NameOf(objective);
    EXPECT_LE(Norm(result.gradient - expected.gradient), 1e-10) << NameOf(objective);
  }
}

TEST(ObjectiveLawsTest, TheLossOfABatchIsTheMeanOfItsParts) {
  for (const Objective& objective : AllObjectives()) {
    const bool crosses_samples = IsOneOf(objective, {"dist", "mlkd"});
    const ObjectiveInput batch = Batch(6, 5, 2);
    const double whole = Compute(objective, batch).loss;
    const double parts = (2 * Compute(objective, SliceRows(batch, 0, 2)).loss +
                          4 * Compute(objective, SliceRows(batch, 2, 6)).loss) /
                         6;
    if (crosses_samples) {
      EXPECT_GT(std::abs(whole - parts), 1e-3) << NameOf(objective);
    } else {
      EXPECT_NEAR(whole, parts, 1e-12 * (1 + whole)) << NameOf(objective);
    }
  }
}

TEST(ObjectiveLawsTest, ExtremeLogitsGiveFiniteLossAndGradient) {
  const at::Tensor sure =
      at::tensor({1e4, -1e4, 0.0, -1e4, 1e4, 0.0, 1e4, 1e4, 1e4}, at::kFloat).view({3, 3});
  for (const Objective& objective : AllObjectives()) {
    for (const double temperature : {0.5, 1.0, 4.0, 100.0}) {
      for (const at::Tensor& teacher : {sure, -sure, at::zeros_like(sure)}) {
        for (const at::Tensor& student : {sure, -sure, at::zeros_like(sure), sure.flip(0)}) {
          const LossAndGradient result =
              Compute(objective, {.student_logits = student,
                                  .targets = FullLogits{teacher},
                                  .labels = at::tensor(std::vector<int64_t>{0, 2, kNoLabel}),
                                  .temperature = temperature});
          EXPECT_TRUE(std::isfinite(result.loss)) << NameOf(objective) << " T=" << temperature;
          EXPECT_TRUE(at::isfinite(result.gradient).all().item<bool>())
              << NameOf(objective) << " T=" << temperature << "\n"
              << teacher << student;
        }
      }
    }
  }
}

TEST(ObjectiveLawsTest, TwoClassesAndOneSampleAreEnough) {
  for (const Objective& objective : AllObjectives()) {
    for (const auto& [n, classes] : {std::pair{1, 2}, {1, 5}, {3, 2}}) {
      const LossAndGradient result = Compute(objective, Batch(n, classes, 2));
      EXPECT_TRUE(std::isfinite(result.loss)) << NameOf(objective);
      EXPECT_TRUE(at::isfinite(result.gradient).all().item<bool>()) << NameOf(objective);
    }
  }
}

// There are enough classes that rows are processed in chunks.
TEST(ObjectiveLawsTest, ManyClassesGiveTheSameInChunks) {
  const int64_t classes = 60'000, rows = 9;
  const at::Tensor student = SomeLogits(rows, classes, 1, 3),
                   teacher = SomeLogits(rows, classes, 2);
  for (const Objective& objective : AllObjectives()) {
    const ObjectiveInput batch = {.student_logits = student,
                                  .targets = FullLogits{teacher},
                                  .labels = SomeLabels(rows, classes),
                                  .temperature = 2};
    const LossAndGradient chunked = Compute(objective, batch);
    ASSERT_TRUE(std::isfinite(chunked.loss)) << NameOf(objective);
    if (IsOneOf(objective, {"dist", "mlkd"})) {
      // A step along the gradient changes the loss as predicted.
      const double step = 1e-4 / Norm(chunked.gradient);
      ObjectiveInput moved = batch;
      moved.student_logits = student - step * chunked.gradient;
      const double expected = step * std::pow(Norm(chunked.gradient), 2);
      EXPECT_NEAR(chunked.loss - Compute(objective, moved).loss, expected, 1e-3 * expected)
          << NameOf(objective);
      continue;
    }
    double loss = 0;
    std::vector<at::Tensor> gradients;
    for (int64_t row = 0; row < rows; ++row) {  // too few to be cut
      const LossAndGradient one = Compute(objective, SliceRows(batch, row, row + 1));
      loss += one.loss / static_cast<double>(rows);
      gradients.push_back(one.gradient / static_cast<double>(rows));
    }
    EXPECT_NEAR(chunked.loss, loss, 1e-10 * (1 + loss)) << NameOf(objective);
    EXPECT_LE(Norm(chunked.gradient - at::cat(gradients)), 1e-10 * Norm(chunked.gradient))
        << NameOf(objective);
  }
}

TEST(ObjectiveLawsTest, RelationsInChunksAreThoseOfWholeMatrices) {
  const int64_t n = 530, classes = 530;  // a little more than a chunk
  const at::Tensor student = SomeLogits(n, classes, 1, 3).requires_grad_();
  const at::Tensor teacher = SomeLogits(n, classes, 2, 3);
  ASSERT_GT(student.numel(), 1 << 18);
  const auto correlations = [](const at::Tensor& a, const at::Tensor& b) {
    const at::Tensor x = a - a.mean(1, true), y = b - b.mean(1, true);
    return (x * y).sum(1) / (x.norm(2, {1}) * y.norm(2, {1}) + 1e-8);
  };
  const at::Tensor p = at::softmax(teacher / 3, 1), q = at::softmax(student / 3, 1);
  const at::Tensor dist = 9 * (2 - correlations(p, q).mean() - correlations(p.t(), q.t()).mean());
  const at::Tensor mlkd = 9 * (p * (p.log() - q.log())).sum() / n +
                          (p.mm(p.t()) - q.mm(q.t())).square().sum() / n +
                          (p.t().mm(p) - q.t().mm(q)).square().sum() / classes;
  for (const auto& [objective, expected] : {std::pair{*ParseObjective("dist"), dist},
                                            {*ParseObjective("mlkd", "first=3,last=3"), mlkd}}) {
    const at::Tensor gradient = torch::autograd::grad({expected}, {student}, {}, true)[0];
    const LossAndGradient result = Compute(
        objective, {.student_logits = student, .targets = FullLogits{teacher}, .temperature = 3});
    EXPECT_NEAR(result.loss, expected.item<double>(), 1e-10 * expected.item<double>());
    EXPECT_LE(Norm(result.gradient - gradient), 1e-10 * Norm(gradient)) << NameOf(objective);
  }
}

TEST(ObjectiveLawsTest, TargetClassesAreLabelsOrElseTheTeachersMostLikely) {
  for (const char* name : {"dkd", "nkd"}) {
    const Objective by_labels = *ParseObjective(name),
                    by_teacher = *ParseObjective(name, "labels=0");
    ObjectiveInput batch = Batch(6, 5, 2);
    const double labelled = Compute(by_labels, batch).loss;
    const double teachers = Compute(by_teacher, batch).loss;
    EXPECT_GT(std::abs(labelled - teachers), 1e-3);
    batch.labels = std::get<FullLogits>(batch.targets).logits.argmax(1);
    EXPECT_EQ(Compute(by_labels, batch).loss, teachers);
    batch.labels = at::full({6}, kNoLabel, at::kLong);
    EXPECT_EQ(Compute(by_labels, batch).loss, teachers);
    batch.labels = at::Tensor();
    EXPECT_EQ(Compute(by_labels, batch).loss, teachers);
  }
}

}  // namespace
}  // namespace distill::testing
