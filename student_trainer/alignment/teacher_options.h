// TeacherOptions: which teachers a run asks, for what, and what it does without them.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "common/contract/target_spec.h"
#include "student_trainer/alignment/teacher_access.h"
#include "student_trainer/pipeline/teacher_loss_policy.h"

namespace distill {

struct Objective;

struct TeacherOptions {
  TeacherAccess access;  // none: hard labels alone
  TargetEncoding encoding = TargetEncoding::kDenseF16;
  std::optional<int32_t> k;      // unset: UsualCount
  std::optional<int32_t> draws;  // the same
  TeacherLossPolicy on_loss = TeacherLossPolicy::kWait;
  bool allow_misaligned = false;

  // The targets to ask for. `classes`: of the data, 0 if it does not say; a k that was not set is
  // no more than they allow.
  TargetSpec ResolvedTargets(int64_t classes) const;

  // INVALID_ARGUMENT names the field, its value and what is allowed; without a teacher the others
  // must have their defaults. Reads no file.
  absl::Status Validate(const Objective& objective) const;
};

// The k and the draws of an encoding by default: 12, or 6 each.
int32_t UsualCount(TargetEncoding encoding);

}  // namespace distill
