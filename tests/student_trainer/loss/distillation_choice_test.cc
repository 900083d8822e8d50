#include "student_trainer/loss/distillation_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "student_trainer/loss/objective.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::ErrorIs;
using ::testing::HasSubstr;

TEST(DistillationChoiceTest, WithoutATeacherTheLabelsAloneCount) {
  const DistillationChoice loss;
  EXPECT_EQ(loss.ResolvedAlpha(/*has_teacher=*/true), 0.9);
  EXPECT_EQ(loss.ResolvedAlpha(false), 0);
  EXPECT_THAT((DistillationChoice{.alpha = 0.5}.Validate(false)),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      HasSubstr("`alpha` is 0.5; must be 0 where there is no `teacher`")));
}

TEST(DistillationChoiceTest, TheTemperatureIsTheObjectivesUnlessItIsGiven) {
  EXPECT_EQ(DistillationChoice().ResolvedTemperature(), 2);
  EXPECT_EQ((DistillationChoice{.temperature = 3}.ResolvedTemperature()), 3);
  const DistillationChoice without{.temperature = 3, .objective = "mse"};
  EXPECT_FALSE(without.HasTemperature());
  EXPECT_THAT(without.Validate(true), ErrorIs(absl::StatusCode::kInvalidArgument,
                                              HasSubstr("`temperature` is 3; must be left out")));
}

TEST(DistillationChoiceTest, TheObjectiveIsTheFirstUnlessItIsGiven) {
  EXPECT_EQ(DistillationChoice().objective, ObjectiveTypes().front().name);
}

TEST(DistillationChoiceTest, TheModifierBelongsToTheObjective) {
  EXPECT_FALSE(DistillationChoice().ResolvedObjective()->standardize_logits);
  EXPECT_TRUE(
      (DistillationChoice{.standardize_logits = true}.ResolvedObjective()->standardize_logits));
}

}  // namespace
}  // namespace distill
