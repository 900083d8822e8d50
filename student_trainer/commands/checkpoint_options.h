// The options of a checkpoint's identity, where another version wrote it.
#pragma once

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "student_trainer/commands/train_flags.h"

namespace distill {

// Returns a checkpoint's identity with the defaults of the options that it does not hold, since the
// version that wrote it did not have them or did not write what was left out. `training` is what
// its description holds of its training: the batch size that was chosen. `settings` and `resolved`
// are those of now. DATA_LOSS for values that no version writes.
absl::StatusOr<nlohmann::json> WithDefaults(nlohmann::json checkpoint,
                                            const nlohmann::json& training,
                                            const TrainSettings& settings,
                                            const ResolvedFor& resolved);

}  // namespace distill
