// Sources of batches for the training loop, over the loader or the prefetcher.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/contract/input_batch.h"
#include "student_trainer/pipeline/batch_loader.h"
#include "student_trainer/pipeline/targeted_batch.h"

namespace distill {

// Batches for training on hard labels alone.
class HardLabelSource : public TargetedBatchSource {
 public:
  // Both must outlive it.
  HardLabelSource(BatchSource& batches, Clock& clock) : batches_(batches), clock_(clock) {}

  absl::StatusOr<std::optional<TargetedBatch>> Next() override;
  absl::Duration waited() const override { return absl::ZeroDuration(); }

  // The time that Next() has waited for the loader.
  absl::Duration waited_for_data() const { return waited_for_data_; }

 private:
  BatchSource& batches_;
  Clock& clock_;
  absl::Duration waited_for_data_;
};

// Gives the inputs of a batch to the student as its own are, such as FitToStudent.
using InputsForStudent =
    std::function<absl::StatusOr<std::vector<InputBatch>>(std::vector<InputBatch> inputs)>;

// Hands on the batches of another source, with the inputs that the student sees: the teacher has
// seen those of the data. Returns errors of the source and of `fit`.
class FittedSource : public TargetedBatchSource {
 public:
  // The source must outlive it.
  FittedSource(TargetedBatchSource& source, InputsForStudent fit)
      : source_(source), fit_(std::move(fit)) {}

  absl::StatusOr<std::optional<TargetedBatch>> Next() override;
  absl::Duration waited() const override { return source_.waited(); }

 private:
  TargetedBatchSource& source_;
  const InputsForStudent fit_;
};

}  // namespace distill
