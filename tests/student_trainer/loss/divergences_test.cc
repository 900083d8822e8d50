#include "student_trainer/loss/divergences.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/codec/encoding.h"
#include "tests/student_trainer/loss/golden_values.h"
#include "tests/student_trainer/loss/objective_fixture.h"

namespace distill {
namespace {

using testing::Matrix;
using testing::Norm;

DecodedTargets Targets(const nlohmann::json& golden, at::ScalarType type) {
  const nlohmann::json& targets = golden["targets"];
  const at::Tensor ids = Matrix(targets["ids"], at::kLong);
  const auto classes = static_cast<int64_t>(golden["student_logits"][0].size());
  if (golden["form"] == "sampled") {
    return SampledTargets{ids, Matrix(targets["weights"], type), classes};
  }
  const auto log_tail = targets["log_tail"].get<std::vector<double>>();
  return TopKTargets{ids, Matrix(targets["log_probabilities"], type),
                     at::tensor(log_tail, at::kDouble).to(type), classes};
}

testing::LossAndGradient Kl(const at::Tensor& student_logits, const DecodedTargets& targets,
                            double temperature) {
  return testing::Compute(
      *ParseObjective("kd"),
      {.student_logits = student_logits, .targets = targets, .temperature = temperature});
}

at::Tensor WideLogits(int64_t n, int64_t classes, double phase, double scale = 4) {
  return at::sin(at::arange(n * classes, at::kFloat) * 1.7 + phase).view({n, classes}) * scale;
}

TEST(ForwardKlTest, SparseLossAndGradientEqualThoseOfPython) {
  std::ifstream file(DISTILL_GOLDEN_FOLDER "/kd_forms.json");
  const nlohmann::json cases = nlohmann::json::parse(file);
  ASSERT_EQ(cases.size(), 8u);
  for (const auto& golden : cases) {
    for (const auto& [type, loss_tolerance, gradient_tolerance] :
         {std::tuple{at::kDouble, 1e-10, 1e-10}, {at::kFloat, 1e-5, 5e-5}}) {
      const double temperature = golden["temperature"], expected = golden["loss"];
      const testing::LossAndGradient result =
          Kl(Matrix(golden["student_logits"], type), Targets(golden, type), temperature);
      EXPECT_NEAR(result.loss, expected,
                  loss_tolerance * (1 + std::abs(expected)) * std::max(1.0, temperature));
      const at::Tensor gradient = Matrix(golden["gradient"], at::kDouble);
      EXPECT_LE(Norm(result.gradient - gradient), gradient_tolerance * Norm(gradient));
    }
  }
}

TEST(ForwardKlTest, OnTopKIsZeroWhereStudentAndTeacherAgreeAndIsBoundedByTheFullOne) {
  const at::Tensor teacher = WideLogits(16, 40, 1);
  const TargetSpec spec{.encoding = TargetEncoding::kTopK, .k = 6};
  const DecodedTargets targets = DecodeTargets(EncodeTargets(spec, teacher, {.temperature = 2}));
  EXPECT_NEAR(Kl(teacher + 3, targets, 2).loss, 0, 1e-4);
  const at::Tensor student = WideLogits(16, 40, 2);
  const double full = Kl(student, FullLogits{teacher}, 2).loss;
  const double coarse = Kl(student, targets, 2).loss;
  EXPECT_GT(coarse, 0);
  EXPECT_LT(coarse, full);
}

TEST(ForwardKlTest, OnTopKOfAllClassesEqualsTheDenseOne) {
  const at::Tensor teacher = WideLogits(16, 20, 1), student = WideLogits(16, 20, 2);
  const TargetSpec spec{.encoding = TargetEncoding::kTopK, .k = 20};
  for (const double temperature : {0.5, 1.0, 4.0}) {
    const testing::LossAndGradient dense = Kl(student, FullLogits{teacher}, temperature);
    const testing::LossAndGradient all =
        Kl(student, DecodeTargets(EncodeTargets(spec, teacher, {.temperature = temperature})),
           temperature);
    EXPECT_NEAR(all.loss / dense.loss, 1, 1e-3);
    EXPECT_LE(Norm(all.gradient - dense.gradient), 1e-3 * Norm(dense.gradient));
  }
}

// The gradient under soft targets drawn with each of `seeds` seeds: the mean distance to the exact
// one, and the distance of their mean.
struct GradientErrors {
  double mean_of_one, of_mean;
};
GradientErrors ErrorsOver(int seeds, const TargetSpec& spec) {
  const at::Tensor teacher = WideLogits(32, 50, 1, 3), student = WideLogits(32, 50, 2, 3);
  const at::Tensor exact = Kl(student, FullLogits{teacher}, 1).gradient;
  GradientErrors errors{0, 0};
  at::Tensor mean = at::zeros_like(exact);
  for (int seed = 0; seed < seeds; ++seed) {
    const EncodedTargets targets =
        EncodeTargets(spec, teacher, {.seed = static_cast<uint64_t>(seed)});
    const at::Tensor gradient = Kl(student, DecodeTargets(targets), 1).gradient;
    errors.mean_of_one += Norm(gradient - exact) / seeds;
    mean += gradient / seeds;
  }
  errors.of_mean = Norm(mean - exact);
  return errors;
}

TEST(ForwardKlTest, TheMeanGradientOfSamplesApproachesTheFullOneAsOneByTheRootOfTheDraws) {
  for (const TargetEncoding encoding : {TargetEncoding::kSampled, TargetEncoding::kHeadSampled}) {
    const int32_t k = HasK(encoding) ? 6 : 0;
    const GradientErrors few = ErrorsOver(100, {encoding, k, 6});
    const GradientErrors more = ErrorsOver(100, {encoding, k, 96});
    EXPECT_NEAR(few.mean_of_one / more.mean_of_one, 4, 0.3) << Name(encoding);
    // With 100 seeds the error is a tenth, unless there is a bias.
    EXPECT_NEAR(few.of_mean / few.mean_of_one, 0.1, 0.02) << Name(encoding);
    EXPECT_LT(more.of_mean / more.mean_of_one, 0.12) << Name(encoding);
  }
}

TEST(DivergencesTest, ExtremeLogitsGiveFiniteLossAndGradientOnSparseTargets) {
  const at::Tensor sure = at::tensor({1e4, -1e4, 0.0, -1e4, 1e4, 0.0}, at::kFloat).view({2, 3});
  for (const TargetSpec& spec :
       {TargetSpec{TargetEncoding::kTopK, 1, 0}, TargetSpec{TargetEncoding::kTopK, 3, 0},
        TargetSpec{TargetEncoding::kSampled, 0, 4},
        TargetSpec{TargetEncoding::kHeadSampled, 1, 4}}) {
    for (const double temperature : {0.5, 1.0, 100.0}) {
      const DecodedTargets targets =
          DecodeTargets(EncodeTargets(spec, sure, {.temperature = temperature}));
      for (const at::Tensor& student : {sure, -sure, at::zeros_like(sure)}) {
        for (const ObjectiveType& type : ObjectiveTypes()) {
          const Objective objective = *ParseObjective(type.name);
          if (!CheckAccepts(objective, spec.encoding).ok()) continue;
          const auto [loss, gradient] = testing::Compute(
              objective,
              {.student_logits = student, .targets = targets, .temperature = temperature});
          EXPECT_TRUE(std::isfinite(loss)) << type.name << " " << Name(spec.encoding);
          EXPECT_TRUE(at::isfinite(gradient).all().item<bool>())
              << type.name << " " << Name(spec.encoding) << " T=" << temperature;
        }
      }
    }
  }
}

}  // namespace
}  // namespace distill
