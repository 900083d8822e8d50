// `student_trainer train`: a run from its options to its model directory.
#pragma once

#include <ostream>
#include <stop_token>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "student_trainer/commands/train_settings.h"
#include "student_trainer/logs/progress.h"

namespace distill {

// Everything is checked before the run directory is made: settings, data, teacher, student. Prints
// progress and the result to `out`. CANCELLED if `stop` was requested; any other error says what
// failed.
absl::Status RunTrain(const TrainSettings& settings, std::stop_token stop, std::ostream& out,
                      Progress::Output output, Clock& clock);

}  // namespace distill
