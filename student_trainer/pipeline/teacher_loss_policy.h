// TeacherLossPolicy: what happens to the next batch while the teacher is lost and its soft targets
// are missing.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace distill {

enum class TeacherLossPolicy {
  kWait,        // training waits
  kHardLabels,  // it is handed out without soft targets, and counted
  kFail,        // training fails; a loss that was over before it was noticed counts too
};

// "wait", "hard_labels", "fail": the values of --on_teacher_loss.
absl::string_view Name(TeacherLossPolicy policy);

// The inverse of Name. INVALID_ARGUMENT, with the names known, for any other.
absl::StatusOr<TeacherLossPolicy> ParseTeacherLossPolicy(absl::string_view name);

}  // namespace distill
