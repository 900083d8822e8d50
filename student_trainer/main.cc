// student_trainer: trains students, evaluates models, and reports.
#include <csignal>
#include <iostream>
#include <stop_token>

#include "common/base/clock.h"
#include "common/base/flag_names.h"
#include "common/base/log.h"
#include "common/base/process.h"
#include "common/base/signals.h"
#include "student_trainer/commands/train_command.h"
#include "student_trainer/logs/progress.h"
#include "student_trainer/options.h"

namespace {

constexpr int kInterrupted = 130;

absl::Status Run(const distill::StudentTrainerOptions& options, std::stop_token stop) {
  if (options.evaluate.has_value()) {
    return distill::RunEvaluate(*options.evaluate, stop, std::cout, distill::Clock::Real());
  }
  if (options.export_model.has_value()) {
    return distill::RunExport(*options.export_model, std::cout);
  }
  if (options.report.has_value()) return distill::RunReport(*options.report, std::cout);
  return distill::RunTrain(*options.train, stop, std::cout, distill::OutputOfStdout(),
                           distill::Clock::Real());
}

}  // namespace

int main(int argc, char** argv) {
  distill::RestartWithPassiveOpenMp(argv);
  distill::KeepFreedMemory();
  const distill::ParsedCommandLine command_line = distill::ParseCommandLine(argc, argv);
  if (command_line.exit_code.has_value()) return *command_line.exit_code;
  distill::log::UseFlagNames(command_line.flags);

  std::stop_source stop;
  const distill::SignalWatcher signals([&stop](int, int count) {
    if (count > 1) std::_Exit(kInterrupted);
    stop.request_stop();
  });
  const absl::Status status = Run(command_line.options, stop.get_token());
  if (status.ok()) return 0;
  if (stop.stop_requested() && absl::IsCancelled(status)) {
    distill::log::Error("interrupted");
    return kInterrupted;
  }
  distill::log::Error(status.message());
  return 1;
}
