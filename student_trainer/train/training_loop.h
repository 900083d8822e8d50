// The training loop: batches in, steps taken, epochs counted, validated and written down.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "student_trainer/client/targeted_batch.h"
#include "student_trainer/report/metrics_log.h"
#include "student_trainer/report/progress.h"
#include "student_trainer/train/evaluation.h"
#include "student_trainer/train/trainer.h"

namespace distill {

// What the loop works with; all of it outlives the call.
struct TrainingLoop {
  Trainer& trainer;
  TargetedBatchSource& batches;
  // Errors of the model as it is; 0 samples where nothing is held out.
  std::function<absl::StatusOr<EvaluationResult>()> validate;
  // Called when the model is the best so far (or, where nothing is held out, the last).
  std::function<absl::Status(int64_t epoch, const EvaluationResult& validation)> keep_best;
  MetricsLog& metrics;
  Progress& progress;
  Clock& clock;

  int64_t epochs = 1;
  int64_t steps_per_epoch = 1;
  int64_t validate_every = 1;  // epochs; the last is always validated
  bool has_teacher = false;
};

struct TrainingSummary {
  int64_t best_epoch = 0;  // from 0
  EvaluationResult best_validation;
  int64_t steps = 0;
  int64_t samples = 0;  // that steps were taken on
  int64_t samples_with_targets = 0;
  int64_t samples_without_targets = 0;  // the teacher was lost: hard labels, or no step
  absl::Duration elapsed;
  absl::Duration waited;  // for the teacher
};

// Runs to the end of the source. A record an epoch goes to the metrics: loss, accuracy, validation,
// the number of samples trained and the hash of their ids in order, and how many had no soft
// targets. CANCELLED when `stop` is requested; else the first error of a part.
absl::StatusOr<TrainingSummary> RunTrainingLoop(const TrainingLoop& loop, std::stop_token stop);

}  // namespace distill
