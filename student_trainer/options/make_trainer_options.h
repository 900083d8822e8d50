// From what the user says of training to what the trainer is told.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "student_trainer/loss/objective.h"
#include "student_trainer/options/train_options.h"
#include "student_trainer/step/trainer_options.h"

namespace distill {

// --objective with its parameters and its modifier. INVALID_ARGUMENT names the option.
absl::StatusOr<Objective> ResolveObjective(const TrainOptions& options);

// `steps_per_epoch`: of the optimizer. The device is --device's once it is known to be there
// (ParsePlacement): here it is the CPU. INVALID_ARGUMENT names the option that is a word unknown.
absl::StatusOr<TrainerOptions> MakeTrainerOptions(const TrainOptions& options,
                                                  int64_t steps_per_epoch);

}  // namespace distill
