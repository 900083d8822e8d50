// BatchLoader: the training batches of a run, in order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "student_trainer/data/dataset.h"
#include "student_trainer/data/training_batch.h"
#include "student_trainer/views/views.h"

namespace distill {

// Where training batches come from; nullopt after the last.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual absl::StatusOr<std::optional<TrainingBatch>> Next() = 0;
};

struct BatchLoaderOptions {
  int64_t batch_size = 128;
  int64_t epochs = 1;
  uint64_t seed = 0;
  ViewOptions views;
};

// Reads samples, makes their views, and forms batches: epoch by epoch in EpochOrder, cut at
// BatchEnds. Next() is called from one thread at a time; the data set must outlive the loader.
class BatchLoader : public BatchSource {
 public:
  // `samples` are what an epoch names; those in `labelled` (ascending, a subset) carry their label,
  // the others kUnlabelled.
  BatchLoader(const Dataset& dataset, std::vector<int64_t> samples, std::vector<int64_t> labelled,
              const BatchLoaderOptions& options);

  // Errors of Dataset::Read; INVALID_ARGUMENT for views of anything but uint8 images. The call
  // after an error tries the same batch again.
  absl::StatusOr<std::optional<TrainingBatch>> Next() override;

 private:
  const Dataset& dataset_;
  const std::vector<int64_t> samples_;
  std::vector<bool> has_label_;  // by index into the data set
  const BatchLoaderOptions options_;
  const std::vector<int64_t> batch_ends_;
  std::vector<int64_t> order_;  // of the epoch at hand
  int64_t epoch_ = -1;
  size_t next_batch_ = 0;
};

// Samples as one tensor [n, …], unaugmented. For evaluation and the parity probe. Errors of
// Dataset::Read.
absl::StatusOr<HostTensor> ReadSamples(const Dataset& dataset, absl::Span<const int64_t> samples);

}  // namespace distill
