// Compares each objective with an independent implementation in Python.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/student_trainer/loss/golden_values.h"
#include "tests/student_trainer/loss/objective_fixture.h"

namespace distill::testing {
namespace {

Objective ObjectiveOf(const nlohmann::json& golden) {
  std::string parameters;
  for (const auto& [name, value] : golden["parameters"].items()) {
    parameters += name + "=" + value.dump() + ",";
  }
  const auto objective = ParseObjective(golden["objective"].get<std::string>(), parameters);
  EXPECT_TRUE(objective.ok()) << objective.status();
  return *objective;
}

DecodedTargets TargetsOf(const nlohmann::json& golden, at::ScalarType type) {
  if (golden.contains("teacher_logits")) return FullLogits{Matrix(golden["teacher_logits"], type)};
  const nlohmann::json& targets = golden["targets"];
  const auto log_tail = targets["log_tail"].get<std::vector<double>>();
  return TopKTargets{Matrix(targets["ids"], at::kLong), Matrix(targets["log_probabilities"], type),
                     at::tensor(log_tail, at::kDouble).to(type),
                     static_cast<int64_t>(golden["student_logits"][0].size())};
}

LossAndGradient ComputeGolden(const nlohmann::json& golden, at::ScalarType type) {
  Objective objective = ObjectiveOf(golden);
  objective.standardize_logits = golden.value("standardize_logits", false);
  ObjectiveInput input{.student_logits = Matrix(golden["student_logits"], type),
                       .targets = TargetsOf(golden, type),
                       .temperature = golden["temperature"]};
  if (golden.contains("labels") && !golden["labels"].is_null()) {
    input.labels = at::tensor(golden["labels"].get<std::vector<int64_t>>(), at::kLong);
  }
  return Compute(objective, input);
}

TEST(ObjectiveGoldenTest, LossesAndGradientsEqualThoseOfPython) {
  std::ifstream file(DISTILL_GOLDEN_FOLDER "/objectives.json");
  const nlohmann::json cases = nlohmann::json::parse(file);
  std::set<std::string> seen;
  for (const auto& golden : cases) {
    const std::string name = golden["objective"];
    seen.insert(name);
    SCOPED_TRACE(name + " " + golden["parameters"].dump() + " T=" + golden["temperature"].dump());
    const double expected = golden["loss"], temperature = golden["temperature"];
    const at::Tensor gradient = Matrix(golden["gradient"], at::kDouble);

    const LossAndGradient f64 = ComputeGolden(golden, at::kDouble);
    EXPECT_NEAR(f64.loss, expected, 1e-10 * std::max(1.0, std::abs(expected)));
    EXPECT_LE(Norm(f64.gradient - gradient), 1e-10 * std::max(1e-3, Norm(gradient)));

    const LossAndGradient f32 = ComputeGolden(golden, at::kFloat);
    EXPECT_NEAR(f32.loss, expected, 1e-5 * (1 + std::abs(expected)) * std::max(1.0, temperature));
    EXPECT_LE(Norm(f32.gradient - gradient), 1e-4 * Norm(gradient) + 1e-12);
  }
  EXPECT_EQ(seen.size(), ObjectiveTypes().size());
}

}  // namespace
}  // namespace distill::testing
