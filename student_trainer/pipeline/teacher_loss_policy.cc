#include "student_trainer/pipeline/teacher_loss_policy.h"

#include "absl/strings/str_cat.h"
#include "common/base/known_names.h"
#include "common/base/status.h"

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
  std::vector<std::string> names;
  for (const auto policy :
       {TeacherLossPolicy::kWait, TeacherLossPolicy::kHardLabels, TeacherLossPolicy::kFail}) {
    if (name == Name(policy)) return policy;
    names.emplace_back(Name(policy));
  }
  return InvalidValue("the policy", absl::StrCat("'", name, "'"), DescribeKnownNames(name, names));
}

}  // namespace distill
