// TeacherSession: the teachers, connected and found to look at the same thing as the data.
#pragma once

#include <memory>
#include <stop_token>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/client/pool/teacher_pool.h"
#include "student_trainer/alignment/teacher_options.h"
#include "student_trainer/data/training/training_data.h"
#include "student_trainer/loss/objective.h"

namespace distill {

struct TeacherSession {
  std::unique_ptr<TeacherPool> teachers;
  int64_t probe_samples = 0;  // that they answered before training
};

// What a run uses its teachers for.
struct TeacherUse {
  Objective objective;
  uint64_t seed = 0;           // of the probe
  bool deterministic = false;  // answers do not depend on other requests
};

// Connects to every --teacher and keeps the alignment contract: classes by name, shape and dtype,
// and the parity probe on up to 256 labelled samples, unaugmented. Images are first made what the
// teacher takes, where the options leave that open (TrainingData::MakeImagesLike). Logs what was
// found. Errors of Connect; FAILED_PRECONDITION where the two do not fit, which
// --allow_misaligned_teacher turns into a warning for the probe alone; CANCELLED where `stop` is
// requested during the probe. Where the teacher is lost again and again without one answer,
// --on_teacher_loss decides: to wait, to continue without the probe (hard_labels), or UNAVAILABLE.
absl::StatusOr<TeacherSession> OpenTeacherSession(const TeacherOptions& options,
                                                  const TeacherUse& use, TrainingData& data,
                                                  Clock& clock, std::stop_token stop);

}  // namespace distill
