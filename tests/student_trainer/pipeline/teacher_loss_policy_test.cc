#include "student_trainer/pipeline/teacher_loss_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::IsOk;
using ::distill::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(TeacherLossPolicyTest, EachPolicyIsFoundByItsName) {
  for (const auto& [name, policy] : {std::pair{"wait", TeacherLossPolicy::kWait},
                                     {"hard_labels", TeacherLossPolicy::kHardLabels},
                                     {"fail", TeacherLossPolicy::kFail}}) {
    EXPECT_EQ(Name(policy), name);
    const auto parsed = ParseTeacherLossPolicy(name);
    ASSERT_THAT(parsed, IsOk());
    EXPECT_EQ(*parsed, policy);
  }
}

TEST(TeacherLossPolicyTest, AnotherNameIsRefusedAndAllPoliciesAreNamed) {
  for (const char* name : {"", "Wait", "wait ", "hard-labels"}) {
    EXPECT_THAT(ParseTeacherLossPolicy(name),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("wait"), HasSubstr("hard_labels"), HasSubstr("fail"))))
        << name;
  }
}

}  // namespace
}  // namespace distill
