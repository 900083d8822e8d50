// The options of `student_trainer train`, and those that commands share, on the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "student_trainer/options/teacher_access.h"
#include "student_trainer/options/train_options.h"

namespace distill {

// The options of both must live until the app has parsed.
void AddTrainOptions(CLI::App& app, TrainOptions& options);
void AddTeacherAccess(CLI::App& app, TeacherAccess& access, const std::string& teacher_help);

}  // namespace distill
