#include "student_trainer/client/teacher_loss_policy.h"

#include "absl/strings/str_cat.h"

namespace distill {

absl::string_view Name(TeacherLossPolicy policy) {
  switch (policy) {
    case TeacherLossPolicy::kWait:
      return "wait";
    case TeacherLossPolicy::kHardLabels:
      return "hard_labels";
    case TeacherLossPolicy::kFail:
      return "fail";
  }
  return "unknown";
}

absl::StatusOr<TeacherLossPolicy> ParseTeacherLossPolicy(absl::string_view name) {
  for (const auto policy :
       {TeacherLossPolicy::kWait, TeacherLossPolicy::kHardLabels, TeacherLossPolicy::kFail}) {
    if (name == Name(policy)) return policy;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", name, "' is not one of wait, hard_labels, fail"));
}

}  // namespace distill
