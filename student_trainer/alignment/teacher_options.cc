#include "student_trainer/alignment/teacher_options.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "student_trainer/loss/objective.h"

namespace distill {

int32_t UsualCount(TargetEncoding encoding) {
  return HasK(encoding) && HasDraws(encoding) ? 6 : 12;
}

TargetSpec TeacherOptions::ResolvedTargets(int64_t classes) const {
  const int32_t usual = UsualCount(encoding);
  TargetSpec spec{.encoding = encoding, .k = k.value_or(0), .draws = draws.value_or(0)};
  if (HasK(encoding) && !k.has_value()) {
    const int64_t largest = HasDraws(encoding) ? classes - 1 : classes;
    const int64_t most = classes == 0 ? usual : largest;
    spec.k = static_cast<int32_t>(std::clamp<int64_t>(most, 1, usual));
  }
  if (HasDraws(encoding) && !draws.has_value()) spec.draws = usual;
  return spec;
}

absl::Status TeacherOptions::Validate(const Objective& objective) const {
  RETURN_IF_ERROR(access.Validate());
  if (access.none()) {
    const TeacherOptions usual;
    const std::pair<const char*, bool> given[] = {
        {"encoding", encoding != usual.encoding},
        {"k", k.has_value()},
        {"draws", draws.has_value()},
        {"on_teacher_loss", on_loss != usual.on_loss},
        {"allow_misaligned_teacher", allow_misaligned},
    };
    for (const auto& [name, is_given] : given) {
      if (is_given) return GivenWithoutTeacher(name);
    }
  }
  RETURN_IF_ERROR(CheckAccepts(objective, encoding), Field("encoding"), " ", Name(encoding));
  return distill::Validate(ResolvedTargets(0), kMaxClasses);
}

}  // namespace distill
