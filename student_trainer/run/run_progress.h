// What a training run has behind it: the figures that its loop carries from batch to batch, and
// that a checkpoint keeps.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "student_trainer/data/sampler.h"
#include "student_trainer/evaluation/evaluation.h"
#include "student_trainer/step/trainer.h"

namespace distill {

// Sums over the batches of an epoch so far.
struct EpochTotals {
  int64_t named = 0;  // by the sampler
  int64_t trained = 0;
  int64_t rows = 0;  // of those trained: of samples, or of their positions
  int64_t with_targets = 0;
  int64_t labelled = 0;  // rows
  int64_t correct = 0;
  double loss = 0, student_loss = 0, distillation_loss = 0;  // weighted by rows
  TrainedIdsHash ids;

  void Add(const StepResult& step, const TrainingBatch& batch);

  double Mean(double sum) const { return rows == 0 ? 0 : sum / static_cast<double>(rows); }
  double Accuracy() const;  // NaN without labels
};

// What RunProgress::epochs is in checkpoints of versions that counted batches only.
inline constexpr int64_t kEpochsNotCounted = -1;

struct RunProgress {
  int64_t batches = 0;        // taken, over all epochs
  int64_t epochs = 0;         // that have ended
  int64_t epoch_batches = 0;  // taken, of the epoch that has not
  int64_t epoch_length = 0;   // batches of that epoch
  EpochTotals epoch;
  int64_t named = 0;                 // in the epochs before
  int64_t samples = 0;               // that steps were taken on
  int64_t samples_with_targets = 0;  // of those named
  bool has_best = false;
  int64_t best_epoch = 0;    // from 0
  int64_t best_batches = 0;  // taken at its end
  EvaluationResult best_validation;
  double seconds = 0;          // of the processes that trained before this one
  double seconds_waiting = 0;  // of those, for the teacher
  double seconds_waiting_for_data = 0;
};

// Returns where a run resumes whose epochs have `batches_per_epoch` now. If that has changed, the
// epoch that had not ended begins again. `change` receives what a user should know of it; empty:
// nothing.
RunProgress ResumeAt(RunProgress progress, int64_t batches_per_epoch, std::string* change);

// Equal progress gives equal JSON, and reading it gives the progress back, bit for bit.
nlohmann::json ToJson(const RunProgress& progress);
// INVALID_ARGUMENT for what ToJson cannot have written.
absl::StatusOr<RunProgress> RunProgressFromJson(const nlohmann::json& json);

}  // namespace distill
