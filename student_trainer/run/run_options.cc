#include "student_trainer/run/run_options.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/torch/placement.h"

namespace distill {

int64_t RunOptions::ResolvedBatchSize(int64_t samples) const {
  const int64_t usual = std::clamp(samples / kUsualStepsPerEpoch, kLeastBatchSize, kUsualBatchSize);
  return std::min(batch_size.value_or(usual), samples);
}

absl::Status RunOptions::Validate() const {
  RETURN_IF_ERROR(CheckGiven("run_dir", run_dir, "a folder for the run"));
  RETURN_IF_ERROR(CheckAtLeast("epochs", epochs, 1));
  RETURN_IF_ERROR(CheckAtLeast("batch_size", batch_size.value_or(kUsualBatchSize), 2));
  RETURN_IF_ERROR(CheckAtLeast("checkpoint_every", checkpoint_every, 0));
  RETURN_IF_ERROR(CheckAtLeast("keep_checkpoints", keep_checkpoints, 1));
  RETURN_IF_ERROR(CheckAtLeast("threads", threads, 0, "one per core"));
  RETURN_IF_ERROR(CheckPlacement(device, "f32"));
  return CheckAtLeast("validate_every", validate_every, 1);
}

}  // namespace distill
