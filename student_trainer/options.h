// The command line of student_trainer.
#pragma once

#include <optional>
#include <string>

#include "common/base/flag_names.h"
#include "student_trainer/commands/evaluate_command.h"
#include "student_trainer/commands/export_command.h"
#include "student_trainer/commands/report_command.h"
#include "student_trainer/commands/train_settings.h"

namespace distill {

struct StudentTrainerOptions {
  std::optional<TrainSettings> train;  // exactly one of the four
  std::optional<EvaluateOptions> evaluate;
  std::optional<ExportOptions> export_model;
  std::optional<ReportOptions> report;
};

// What came of reading the command line: options, or an exit code (0 after --help and --version,
// whose text went to stdout; 1 for a missing config file; 2 for a command line that is wrong, after
// a line on stderr).
struct ParsedCommandLine {
  StudentTrainerOptions options;
  std::optional<int> exit_code;
  FlagNames flags;  // of the subcommand, for messages that name options
};
ParsedCommandLine ParseCommandLine(int argc, char** argv);

}  // namespace distill
