// Trainer: takes the optimizer's steps. What is trained on, and when it is validated, is the
// training loop's affair.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "common/models/model.h"
#include "common/store/model_directory.h"
#include "student_trainer/client/targeted_batch.h"
#include "student_trainer/loss/distillation_loss.h"
#include "student_trainer/train/schedule.h"
#include "student_trainer/train/sgd.h"

namespace distill {

struct TrainerOptions {
  DistillationLossOptions loss;
  LearningRateSchedule schedule;
  double momentum = 0.9;
  double weight_decay = 0;  // not on norms and biases
};

// Sums over the samples of one step; each is weighted as in the loss.
struct StepResult {
  bool stepped = true;  // false: a batch without soft targets and without any label
  int64_t samples = 0;
  int64_t with_targets = 0;
  int64_t labelled = 0;  // samples whose label the loss used
  int64_t correct = 0;   // of those
  double loss = 0;       // mean over samples
  double student_loss = 0;
  double distillation_loss = 0;
};

// Not thread-safe.
class Trainer {
 public:
  Trainer(std::shared_ptr<Model> model, Normalization normalization, const TrainerOptions& options);

  // One step of SGD with momentum on the batch's loss (distillation_loss.h): a batch with targets
  // by alpha and T, a batch without them on its hard labels with weight 1. Advances the schedule in
  // any case. INTERNAL if the loss is not finite: training has diverged, nothing was changed;
  // INVALID_ARGUMENT for targets whose rows or classes do not fit the batch.
  absl::StatusOr<StepResult> Step(const TargetedBatch& targeted);

  int64_t steps() const { return step_; }
  double learning_rate() const;

 private:
  const std::shared_ptr<Model> model_;
  const Normalization normalization_;
  const TrainerOptions options_;
  Sgd optimizer_;
  int64_t step_ = 0;
};

}  // namespace distill
