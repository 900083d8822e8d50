// StepOptions: how a run takes its steps, as a user chooses it: in parts of the run and epochs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "student_trainer/loss/distillation_choice.h"
#include "student_trainer/step/autocast_kind.h"
#include "student_trainer/step/optimizer_options.h"
#include "student_trainer/step/schedule.h"

namespace distill {

struct TrainerOptions;

// How long a run is.
struct RunLength {
  int64_t epochs = 1;
  int64_t steps_per_epoch = 1;

  int64_t steps() const { return epochs * steps_per_epoch; }
};

struct StepOptions {
  std::optional<double> lr;  // unset: UsualLearningRate
  ScheduleKind schedule = ScheduleKind::kCosine;
  double final_fraction = 0;                   // of lr, at the end: cosine and linear
  std::vector<double> decay_at = {0.5, 0.75};  // parts of the run: step
  double gamma = 0.1;                          // factor at each of them: step
  double warmup_epochs = 0.5;
  OptimizerOptions optimizer = {.weight_decay = 5e-4};
  double clip_norm = 0;  // 0: gradients are not clipped
  double max_norm = 0;   // of the weights into each unit; 0: not bounded
  int64_t accumulate = 1;
  double ema_decay = 0;  // 0: no average
  Autocast autocast = Autocast::kOff;

  double ResolvedLr() const;

  // The options of a trainer of a run of this length, with this loss, on the CPU. Errors of
  // DistillationChoice::ResolvedObjective.
  absl::StatusOr<TrainerOptions> For(const RunLength& length, const DistillationChoice& loss,
                                     bool has_teacher) const;

  // INVALID_ARGUMENT names the field, its value and what is allowed, for runs of so many epochs
  // with a loss that is valid.
  absl::Status Validate(int64_t epochs, const DistillationChoice& loss, bool has_teacher) const;
};

// 0.1 of SGD, 0.001 of AdamW.
double UsualLearningRate(OptimizerKind kind);

}  // namespace distill
