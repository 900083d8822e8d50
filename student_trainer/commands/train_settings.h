// TrainSettings: everything that `student_trainer train` can be told: the options of each layer,
// and what holds between them.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "student_trainer/alignment/teacher_options.h"
#include "student_trainer/data/training/training_data_options.h"
#include "student_trainer/loss/distillation_choice.h"
#include "student_trainer/run/run_options.h"
#include "student_trainer/step/step_options.h"
#include "student_trainer/students/student_options.h"
#include "student_trainer/views/view_options.h"

namespace distill {

struct TrainSettings {
  TrainingDataOptions data;
  ViewChoice views;
  int loader_threads = 1;
  StudentOptions student;
  DistillationChoice loss;
  StepOptions step;
  TeacherOptions teacher;
  RunOptions run;

  // As given on the command line and by recipes, for the run directory's config.toml.
  std::string config_toml;

  bool has_teacher() const { return !teacher.access.none(); }
  double alpha() const { return loss.ResolvedAlpha(has_teacher()); }
  // Whether soft targets are asked for.
  bool Distills() const {
    return has_teacher() && (alpha() > 0 || loss.final_alpha.value_or(0) > 0);
  }

  // INVALID_ARGUMENT names the option, its value and what is allowed. Reads no file.
  absl::Status Validate() const;
};

}  // namespace distill
