// What stands between the loader or the prefetcher and the training loop.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/tensor/input_spec.h"
#include "student_trainer/client/targeted_batch.h"
#include "student_trainer/data/batch_loader.h"

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

// The batches of another source with their views downsampled to what the student sees, where that
// is less: the teacher has seen them as they were. Errors of the source and of Downsample.
class DownsampledSource : public TargetedBatchSource {
 public:
  // The source must outlive it.
  DownsampledSource(TargetedBatchSource& source, InputSpec student)
      : source_(source), student_(std::move(student)) {}

  absl::StatusOr<std::optional<TargetedBatch>> Next() override;
  absl::Duration waited() const override { return source_.waited(); }

 private:
  TargetedBatchSource& source_;
  const InputSpec student_;
};

// The inputs [n, …] as the student's input has them: images of a larger size are downsampled, all
// else is left as it is.
absl::StatusOr<HostTensor> FitToStudent(const HostTensor& inputs, const InputSpec& student);

}  // namespace distill
