// BatchPipeline: from the data to the training loop: loader threads, prefetched soft targets where
// there is a teacher, and the student's resolution.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/client/session/soft_target_source.h"
#include "student_trainer/pipeline/batch_loader.h"
#include "student_trainer/pipeline/batch_sources.h"
#include "student_trainer/pipeline/prefetcher.h"

namespace distill {

// Which inputs of the data the student takes, by their indices (MatchInputs), and as what.
struct BatchInputs {
  std::vector<size_t> student;
  std::vector<InputSpec> student_specs;
};

class BatchPipeline {
 public:
  // Begins at once. `teachers`: null for hard labels alone. A requested `stop` makes the source
  // CANCELLED while it waits for the teacher. Maker, teachers and clock must outlive it.
  BatchPipeline(const BatchMaker& maker, const BatchLoaderOptions& loader,
                SoftTargetSource* teachers, const PrefetcherOptions& prefetcher,
                const BatchInputs& inputs, std::stop_token stop, Clock& clock);

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
