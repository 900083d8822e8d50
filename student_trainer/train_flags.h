// The options of `student_trainer train` on the command line.
#pragma once

#include <CLI/CLI.hpp>

#include "student_trainer/train/train_options.h"

namespace distill {

// `options` must live until the app has parsed.
void AddTrainOptions(CLI::App& app, TrainOptions& options);

}  // namespace distill
