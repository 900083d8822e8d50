// TrainerOptions: how a student is trained, step by step.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "student_trainer/loss/distillation_loss.h"
#include "student_trainer/step/autocast.h"
#include "student_trainer/step/optimizer.h"
#include "student_trainer/step/schedule.h"

namespace distill {

struct TrainerOptions {
  DistillationLossOptions loss;
  // By step of the optimizer; unset: as in `loss` throughout. Targets whose encoding depends on the
  // temperature must have been asked for at the same one.
  std::optional<ValueSchedule> alpha = std::nullopt;
  std::optional<ValueSchedule> temperature = std::nullopt;

  OptimizerOptions optimizer;
  LearningRateSchedule schedule;
  double clip_norm = 0;    // of all gradients together; 0: they are not clipped
  double max_norm = 0;     // of the weights into each unit; 0: it is not bounded
  int64_t accumulate = 1;  // batches per step
  double ema_decay = 0;    // [0, 1); 0: no average is kept
  Autocast autocast = Autocast::kOff;
  at::Device device = at::kCPU;

  // INVALID_ARGUMENT names the option, the value and what is allowed.
  absl::Status Validate() const;
};

}  // namespace distill
