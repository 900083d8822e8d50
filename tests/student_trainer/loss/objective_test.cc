#include "student_trainer/loss/objective.h"

#include <gmock/gmock.h>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

TEST(ObjectiveTest, AreFoundByTheirNames) {
  for (const Objective& objective : Objectives()) {
    EXPECT_EQ(*FindObjective(objective.name), &objective);
  }
  EXPECT_THAT(FindObjective("dkd2"), StatusIs(absl::StatusCode::kInvalidArgument,
                                              AllOf(HasSubstr("'dkd2'"), HasSubstr("kd"))));
}

TEST(ObjectiveTest, ForwardKlTakesEveryEncoding) {
  for (const TargetEncoding encoding : AllEncodings()) {
    EXPECT_THAT(CheckAccepts(Objectives().front(), encoding), IsOk());
  }
}

TEST(ObjectiveTest, APairThatDoesNotFitIsRefusedByName) {
  const Objective fake = {"fake_mse", {TargetForm::kFullLogits}, nullptr};
  EXPECT_THAT(CheckAccepts(fake, TargetEncoding::kDenseF16), IsOk());
  const struct {
    TargetEncoding encoding;
    const char* name;
  } cases[] = {{TargetEncoding::kTopK, "top_k (top-k with tail)"},
               {TargetEncoding::kSampled, "sampled (samples)"},
               {TargetEncoding::kHeadSampled, "head_sampled (samples)"}};
  for (const auto& c : cases) {
    EXPECT_THAT(CheckAccepts(fake, c.encoding),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("fake_mse"), HasSubstr(c.name),
                               HasSubstr("encodings that fit are f32, f16, bf16"))));
  }
}

}  // namespace
}  // namespace distill
