// CheckStable: whether a model gives a sample the same logits each time.
#pragma once

#include "absl/status/status.h"
#include "common/inference/loaded_model.h"

namespace distill {

// Asks the model for one sample, for the same again, and for it among four others. Returns
// FAILED_PRECONDITION, which names the likely cause, if its logits differ by more than kernels for
// other batch sizes round: a model saved in training mode, with dropout or batch statistics left
// on. A model that takes no other batch size is asked twice only. Returns the errors of Logits for
// one sample.
absl::Status CheckStable(const LoadedModel& model);

}  // namespace distill
