// Trainer: takes the optimizer's steps. The training loop decides what is trained on, and when the
// model is validated.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "common/model_directory/model_directory.h"
#include "common/model_directory/safetensors.h"
#include "common/zoo/model.h"
#include "student_trainer/pipeline/targeted_batch.h"
#include "student_trainer/step/device_batch.h"
#include "student_trainer/step/ema.h"
#include "student_trainer/step/optimizer.h"
#include "student_trainer/step/trainer_options.h"

namespace distill {

// Sums over the rows of one batch, those of its samples or of their positions; each is weighted as
// in the loss.
struct StepResult {
  bool trained = true;   // false: a batch without soft targets and without any label
  bool stepped = false;  // the optimizer moved the parameters
  int64_t samples = 0;
  int64_t rows = 0;
  int64_t with_targets = 0;  // samples
  int64_t labelled = 0;      // rows whose label the student loss used
  int64_t correct = 0;       // of those; of two labels the one with more weight is the right one
  double loss = 0;           // mean over rows
  double student_loss = 0;
  double distillation_loss = 0;
  // Of the step's gradients before clipping, where they are clipped and this batch ended the step.
  std::optional<double> gradient_norm;
};

// Not thread-safe.
class Trainer {
 public:
  // Moves the model to the options' device, which must exist, and its convolutions' weights into
  // channels_last. `description`: of its inputs and their normalisation. The options must be valid.
  Trainer(std::shared_ptr<Model> model, ModelDescription description,
          const TrainerOptions& options);

  // Adds the gradient of the batch's loss (distillation_loss.h): a batch with targets by alpha and
  // T, a batch without them on its hard labels with weight 1. Every `accumulate` batches the
  // optimizer takes a step, on the loss of these batches joined: each weighs by its rows. (What
  // compares samples, as dist and mlkd, compares those of a batch.) A step
  // whose batches had nothing to learn from moves nothing, but advances the schedules.
  //
  // INTERNAL names the step if its loss or the norm of its gradients is not finite: training has
  // diverged. INVALID_ARGUMENT for targets whose rows or classes do not fit the batch. After an
  // error the parameters, the optimizer, the average and the step are as they were before the step,
  // and its gradients are forgotten; the statistics of batch norms may have seen the batch.
  absl::StatusOr<StepResult> Step(const TargetedBatch& targeted);

  // Ends a step of fewer than `accumulate` batches, as at the end of an epoch; does nothing at the
  // boundary of a step. Errors as Step.
  absl::Status FinishStep();

  // Steps of the optimizer that were taken, or passed over.
  int64_t steps() const { return step_; }
  // What the next step is taken with.
  double learning_rate() const;
  // The schedules continue as at step `step`: that of a run whose epochs always had the steps that
  // they have now. They go by steps() otherwise.
  void SetSchedulePosition(int64_t step) { scheduled_ = step; }
  // What the next batch's loss is computed with.
  DistillationLossOptions loss_options() const;

  // While the result lives, the model's parameters are the averaged ones (ema.h): for validation
  // and for saving. nullopt where ema_decay is 0.
  std::optional<Ema::Swapped> UseAverage();

  // All that it takes to continue bit by bit, in addition to the model's parameters and buffers
  // (common/zoo/weights.h): optimizer, average, step, place in the schedules, and Torch's
  // generators, which dropout draws from. It may share memory: write it before the next step.
  // FAILED_PRECONDITION within a step of several batches.
  absl::StatusOr<TensorMap> state() const;

  // Continues where state() was taken; gradients of an incomplete step are discarded.
  // INVALID_ARGUMENT lists what does not fit these options; nothing is changed then.
  absl::Status LoadState(const TensorMap& state);

 private:
  absl::Status AddGradient(const TargetedBatch& targeted, StepResult& result);
  absl::Status TakeStep(StepResult& result);
  void ForgetStep();
  // What is kept from step to step, except the count of steps and the generators.
  NamedTensors Tensors() const;

  const std::shared_ptr<Model> model_;
  const ModelDescription description_;
  const TrainerOptions options_;
  const std::unique_ptr<Optimizer> optimizer_;
  std::optional<Ema> average_;
  int64_t step_ = 0;
  int64_t scheduled_ = 0;  // the step that the schedules go by

  // Of the incomplete step.
  int64_t batches_ = 0;
  int64_t rows_ = 0;
  bool has_gradient_ = false;
};

}  // namespace distill
