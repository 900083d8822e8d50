// CheckStable: whether a model gives a sample the same outputs each time.
#pragma once

#include "absl/status/status.h"
#include "common/inference/loaded_model.h"

namespace distill {

// Asks the model for one sample and for a batch of eight, each several times, for the batch in
// reverse, and for its last sample alone. Returns FAILED_PRECONDITION, which names the likely
// cause, if its outputs differ: when it is asked again, at all on a CPU; otherwise by more than
// kernels for other batch sizes round. A model that takes no other batch size is asked for the one
// sample only. Returns the errors of Compute for one sample.
absl::Status CheckStable(const LoadedModel& model);

}  // namespace distill
