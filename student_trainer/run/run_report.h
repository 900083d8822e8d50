// What a run leaves for its report: report.json and samples.safetensors in its directory, of which
// report/report_page.h makes the page.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/client/pool/teacher_pool.h"
#include "student_trainer/alignment/teacher_access.h"
#include "student_trainer/data/training/training_data.h"
#include "student_trainer/quality/quality.h"
#include "student_trainer/run/run_directory.h"
#include "student_trainer/run/train_summary.h"

namespace distill {

// What the report describes of the run's options.
struct ReportedChoices {
  std::string student;  // as it was given
  double alpha = 0;
  std::string objective;              // with a teacher
  std::optional<double> temperature;  // with a teacher, if the objective looks at one
  TeacherAccess access;
  uint64_t split_seed = 0;
  bool resume = false;
};

// All must outlive it.
struct ReportedRun {
  const ReportedChoices& choices;
  const TrainingData& data;
  const RunDirectory& directory;
  TeacherPool* teachers;  // null: hard labels alone
};

// Before the first step: how the run is set up, and the samples that the report shows, which a
// resumed run keeps. Logits are asked for whole: over a connection of its own where the run's
// encoding is another. Returns what was answered there, and the samples that the run's own teachers
// answered as probe_samples. A teacher that cannot be asked is a warning. Errors of data and files;
// CANCELLED once `stop` is requested.
absl::StatusOr<TeacherFigures> BeginReport(const ReportedRun& run, std::stop_token stop,
                                           Clock& clock);

// After the last step: what the best model is worth on the test set, or where there is none on the
// validation part, and what it costs. Reads the test set once. Errors of data, files and the model.
absl::StatusOr<Quality> MeasureBestModel(const ReportedRun& run);

}  // namespace distill
