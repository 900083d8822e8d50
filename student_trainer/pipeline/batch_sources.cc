#include "student_trainer/pipeline/batch_sources.h"

#include <utility>

#include "common/base/status_macros.h"

namespace distill {

absl::StatusOr<std::optional<TargetedBatch>> HardLabelSource::Next() {
  const absl::Time before = clock_.Now();
  ASSIGN_OR_RETURN(std::optional<TrainingBatch> batch, batches_.Next());
  waited_for_data_ += clock_.Now() - before;
  if (!batch.has_value()) return std::nullopt;
  return TargetedBatch{.batch = *std::move(batch)};
}

absl::StatusOr<std::optional<TargetedBatch>> FittedSource::Next() {
  ASSIGN_OR_RETURN(std::optional<TargetedBatch> targeted, source_.Next());
  if (targeted.has_value() && targeted->batch.size() > 0) {
    ASSIGN_OR_RETURN(targeted->batch.inputs, fit_(std::move(targeted->batch.inputs)));
  }
  return targeted;
}

}  // namespace distill
