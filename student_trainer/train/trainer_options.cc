#include "student_trainer/train/trainer_options.h"

#include <cmath>

#include "absl/strings/str_cat.h"
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
  if (!(std::isfinite(clip_norm) && clip_norm >= 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("clip_norm is ", clip_norm, "; allowed is a finite number from 0"));
  }
  if (!(std::isfinite(max_norm) && max_norm >= 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_norm is ", max_norm, "; allowed is a finite number from 0"));
  }
  if (accumulate < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("accumulate is ", accumulate, "; allowed is a number of batches from 1"));
  }
  if (!(ema_decay >= 0 && ema_decay < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("ema_decay is ", ema_decay, "; allowed is a number from 0 to below 1"));
  }
  return absl::OkStatus();
}

}  // namespace distill
