#include "teacher_server/runner/teacher_faults.h"

#include <bit>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"

namespace distill {

absl::Status TeacherFaults::Report(const absl::Status& detail) {
  if (const uint64_t faults = ++faults_; std::has_single_bit(faults)) {
    log::Error(absl::StrCat("the model failed (", faults, " so far): ", detail.message()));
  }
  return absl::InternalError("the teacher: it failed to compute this request");
}

}  // namespace distill
