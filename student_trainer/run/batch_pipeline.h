// BatchPipeline: from the data to the training loop: loader threads, prefetched soft targets where
// there is a teacher, and the student's resolution.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/client/session/soft_target_source.h"
#include "student_trainer/options/train_options.h"
#include "student_trainer/pipeline/batch_loader.h"
#include "student_trainer/pipeline/batch_sources.h"
#include "student_trainer/pipeline/prefetcher.h"

namespace distill {

// Which inputs of the data each side takes, by their indices (MatchInputs).
struct BatchInputs {
  std::vector<size_t> teacher;
  std::vector<size_t> student;
  std::vector<InputSpec> student_specs;
  int64_t rows_per_sample = 1;  // as PrefetcherOptions
};

class BatchPipeline {
 public:
  // Begins at once, with batch number `first_batch`. `teachers`: null for hard labels alone. A
  // requested `stop` makes the source CANCELLED while it waits for the teacher. Maker, teachers and
  // clock must outlive it.
  BatchPipeline(const TrainOptions& options, const BatchMaker& maker, int64_t first_batch,
                SoftTargetSource* teachers, const BatchInputs& inputs, std::stop_token stop,
                Clock& clock);

  TargetedBatchSource& source() { return *fitted_; }

  // The time that the source has waited for the loader.
  absl::Duration waited_for_data() const;

 private:
  // In order of lifetime: what is below uses what is above.
  BatchLoader loader_;
  HardLabelSource hard_labels_;
  std::optional<Prefetcher> prefetcher_;
  std::optional<std::stop_callback<std::function<void()>>> stop_prefetching_;
  std::optional<FittedSource> fitted_;
};

}  // namespace distill
