#include "student_trainer/step/trainer_options.h"

#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

// A schedule's ends are values that the loss takes.
absl::Status ValidateSchedules(const TrainerOptions& options) {
  for (const bool at_end : {false, true}) {
    DistillationLossOptions loss = options.loss;
    const auto value = [at_end](const ValueSchedule& schedule) {
      return at_end && schedule.kind != ScheduleKind::kConstant ? schedule.to : schedule.from;
    };
    if (options.alpha.has_value()) loss.alpha = value(*options.alpha);
    if (options.temperature.has_value()) loss.temperature = value(*options.temperature);
    RETURN_IF_ERROR(loss.Validate());
  }
  if (options.alpha.has_value()) RETURN_IF_ERROR(options.alpha->Validate());
  if (options.temperature.has_value()) RETURN_IF_ERROR(options.temperature->Validate());
  return options.schedule.Validate();
}

}  // namespace

absl::Status TrainerOptions::Validate() const {
  RETURN_IF_ERROR(ValidateSchedules(*this));
  RETURN_IF_ERROR(optimizer.Validate());
  RETURN_IF_ERROR(CheckAtLeast("clip_norm", clip_norm, 0));
  RETURN_IF_ERROR(CheckAtLeast("max_norm", max_norm, 0));
  RETURN_IF_ERROR(CheckAtLeast("accumulate", accumulate, 1));
  return CheckInHalfOpenRange("ema_decay", ema_decay, 0, 1);
}

}  // namespace distill
