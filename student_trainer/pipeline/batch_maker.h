// BatchMaker makes the training batches of a run, by their number.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/mutex.h"
#include "student_trainer/data/corrupt_samples.h"
#include "student_trainer/data/dataset.h"
#include "student_trainer/pipeline/training_batch.h"
#include "student_trainer/views/views.h"

namespace distill {

struct BatchOptions {
  int64_t batch_size = 128;
  int64_t epochs = 1;
  uint64_t seed = 0;
  ViewOptions views;
  Resizer resizer;  // for views of images of other sizes, and random resized crops
  // Rows of a sample without labels: one, or one per position, of which samples without lengths
  // have so many.
  bool rows_by_position = false;
  int64_t positions = 1;
};

// Reads samples, makes their views, and forms batches: epoch by epoch in EpochOrder, cut at
// BatchEnds. The content of batch `number` is a function of the data, the options and the number
// alone, independent of the caller and the time of the call; a corrupt sample is left out of its
// batch. A mixed sample is mixed with the view of the sample after it in the order of the epoch,
// the last sample with the first.
//
// Thread-safe; data set and `corrupt` must outlive it.
class BatchMaker {
 public:
  // `samples` are the samples of an epoch; those in `labelled` (ascending, a subset) keep their
  // label, the others get kNoLabel.
  BatchMaker(const Dataset& dataset, std::vector<int64_t> samples,
             absl::Span<const int64_t> labelled, const BatchOptions& options,
             CorruptSamples& corrupt);

  // Returns the number of batches of the run.
  int64_t size() const { return batches_; }
  // Returns the bytes of the inputs of a full batch of samples of mean length.
  int64_t batch_bytes() const { return batch_bytes_; }
  int64_t batches_per_epoch() const { return static_cast<int64_t>(batch_ends_.size()); }

  // 0 ≤ number < size(). Returns the errors that CorruptSamples passes on, and INVALID_ARGUMENT for
  // views of anything but uint8 images.
  absl::StatusOr<TrainingBatch> Make(int64_t number) const;

 private:
  // Returns the order of an epoch; the most recent one is cached.
  std::shared_ptr<const std::vector<int64_t>> OrderOf(int64_t epoch) const;
  // Mixes each of the views of the batch, in place, and records the label of its partner.
  absl::Status MixViews(const std::vector<int64_t>& order, absl::Span<const int64_t> positions,
                        absl::Span<uint8_t> views, TrainingBatch& batch) const;
  absl::Status ReadView(int64_t sample, int64_t epoch, Destinations destinations) const;
  int64_t LabelOf(int64_t sample) const;
  // Adds the rows of a sample: their labels, and which of its positions have one.
  void AddRows(int64_t sample, TrainingBatch& batch) const;

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
