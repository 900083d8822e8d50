// The training loop: takes steps, validates and logs each epoch, and writes checkpoints from which
// another loop can continue.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "student_trainer/evaluation/evaluation.h"
#include "student_trainer/logs/progress.h"
#include "student_trainer/logs/run_log.h"
#include "student_trainer/pipeline/targeted_batch.h"
#include "student_trainer/run/run_progress.h"
#include "student_trainer/step/trainer.h"

namespace distill {

// What the loop works with; all of it outlives the call.
struct TrainingLoop {
  Trainer& trainer;
  TargetedBatchSource& batches;
  // Errors of the model as it is; 0 samples where nothing is held out.
  std::function<absl::StatusOr<EvaluationResult>()> validate;
  // Called when the model is the best so far (or, where nothing is held out, the last).
  std::function<absl::Status(int64_t epoch, const EvaluationResult& validation)> keep_best;
  // Saves the state of the run: everything that the steps so far have changed.
  std::function<absl::Status(const RunProgress& progress)> checkpoint;
  // The time that `batches` has waited for data so far; null: none.
  std::function<absl::Duration()> waited_for_data;
  RunLog& log;
  Progress& progress;
  Clock& clock;

  int64_t epochs = 1;
  int64_t batches_per_epoch = 1;
  int64_t validate_every = 1;    // epochs; the last is always validated
  int64_t checkpoint_every = 0;  // batches; 0: at the ends of epochs alone
  int64_t accumulate = 1;        // batches of a step: all are there before it begins
  bool has_teacher = false;
  // Where it starts, by ResumeAt; trainer, batches and log must be at the same place.
  RunProgress begin;
};

struct TrainingSummary {
  RunProgress run;                      // the whole of it
  int64_t steps = 0;                    // of the whole run
  int64_t samples_without_targets = 0;  // the teacher was lost: hard labels, or no step
};

// Runs to the end of the last epoch. Logs one record per epoch: loss, accuracy, validation, the
// number of samples trained and the hash of their ids in order, and how many had no soft targets.
// CANCELLED when `stop` is requested; else the first error of a part. A checkpoint is written at
// the end of each epoch and every `checkpoint_every` batches, and before it returns because of
// `stop` or of an error of the source.
absl::StatusOr<TrainingSummary> RunTrainingLoop(const TrainingLoop& loop, std::stop_token stop);

}  // namespace distill
