// Sources of batches for the training loop, over the loader or the prefetcher.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/tensor/host_tensor.h"
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

// Gives a batch of views [n, …] to the student as its input has them, such as FitToStudent.
using BatchDownsampler = std::function<absl::StatusOr<HostTensor>(const HostTensor& views)>;

// Hands on the batches of another source, downsampled to what the student sees: the teacher has
// seen the views at their own size. Returns errors of the source and of `downsample`.
class DownsampledSource : public TargetedBatchSource {
 public:
  // The source must outlive it.
  DownsampledSource(TargetedBatchSource& source, BatchDownsampler downsample)
      : source_(source), downsample_(std::move(downsample)) {}

  absl::StatusOr<std::optional<TargetedBatch>> Next() override;
  absl::Duration waited() const override { return source_.waited(); }

 private:
  TargetedBatchSource& source_;
  const BatchDownsampler downsample_;
};

}  // namespace distill
