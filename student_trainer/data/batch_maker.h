// BatchMaker: the training batches of a run, by their number.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/mutex.h"
#include "student_trainer/data/corrupt_samples.h"
#include "student_trainer/data/dataset.h"
#include "student_trainer/data/training_batch.h"
#include "student_trainer/views/views.h"

namespace distill {

struct BatchOptions {
  int64_t batch_size = 128;
  int64_t epochs = 1;
  uint64_t seed = 0;
  ViewOptions views;
  Resizer resizer;  // for views of images of other sizes, and random resized crops
};

// Reads samples, makes their views, and forms batches: epoch by epoch in EpochOrder, cut at
// BatchEnds. What batch `number` holds is a function of the data, the options and the number alone,
// whoever asks for it and when: a corrupt sample is left out of its batch. A sample that is mixed
// is mixed with the view of the one behind it in the epoch's order, the last with the first.
//
// Thread-safe; data set and `corrupt` must outlive it.
class BatchMaker {
 public:
  // `samples` are what an epoch names; those in `labelled` (ascending, a subset) carry their label,
  // the others kUnlabelled.
  BatchMaker(const Dataset& dataset, std::vector<int64_t> samples,
             absl::Span<const int64_t> labelled, const BatchOptions& options,
             CorruptSamples& corrupt);

  // Batches of the run, from number 0.
  int64_t size() const { return batches_; }
  // Of the inputs of one that is full.
  int64_t batch_bytes() const { return batch_bytes_; }
  int64_t batches_per_epoch() const { return static_cast<int64_t>(batch_ends_.size()); }

  // 0 ≤ number < size(). The errors that CorruptSamples passes on; INVALID_ARGUMENT for views of
  // anything but uint8 images.
  absl::StatusOr<TrainingBatch> Make(int64_t number) const;

 private:
  // The order of an epoch; the last one asked for is kept.
  std::shared_ptr<const std::vector<int64_t>> OrderOf(int64_t epoch) const;
  // Mixes each of the batch's views, in place, and notes its partner's label.
  absl::Status MixViews(const std::vector<int64_t>& order, absl::Span<const int64_t> positions,
                        absl::Span<uint8_t> views, TrainingBatch& batch) const;
  absl::Status ReadView(int64_t sample, int64_t epoch, absl::Span<uint8_t> destination) const;
  int64_t LabelOf(int64_t sample) const;

  const Dataset& dataset_;
  const std::vector<int64_t> samples_;
  std::vector<bool> has_label_;  // by index into the data set
  const BatchOptions options_;
  CorruptSamples& corrupt_;
  const std::vector<int64_t> batch_ends_;
  const int64_t batches_;
  const int64_t batch_bytes_;

  mutable Mutex mutex_;
  mutable int64_t epoch_ ABSL_GUARDED_BY(mutex_) = -1;
  mutable std::shared_ptr<const std::vector<int64_t>> order_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace distill
