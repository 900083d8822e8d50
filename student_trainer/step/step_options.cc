#include "student_trainer/step/step_options.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "student_trainer/step/trainer_options.h"

namespace distill {
namespace {

// A straight line over the run, where an end was given.
std::optional<ValueSchedule> Line(double from, const std::optional<double>& to, int64_t steps) {
  if (!to.has_value()) return std::nullopt;
  return ValueSchedule{
      .from = from, .to = *to, .kind = ScheduleKind::kLinear, .total_steps = steps};
}

}  // namespace

double UsualLearningRate(OptimizerKind kind) { return kind == OptimizerKind::kAdamW ? 0.001 : 0.1; }

double StepOptions::ResolvedLr() const { return lr.value_or(UsualLearningRate(optimizer.kind)); }

absl::StatusOr<TrainerOptions> StepOptions::For(const RunLength& length,
                                                const DistillationChoice& loss,
                                                bool has_teacher) const {
  const int64_t steps = length.steps();
  const double alpha = loss.ResolvedAlpha(has_teacher);
  const double temperature = loss.ResolvedTemperature();
  TrainerOptions trainer{
      .alpha = Line(alpha, loss.final_alpha, steps),
      .temperature = Line(temperature, loss.final_temperature, steps),
      .optimizer = optimizer,
      .schedule = {.kind = schedule,
                   .peak = ResolvedLr(),
                   .warmup_steps = static_cast<int64_t>(
                       std::llround(warmup_epochs * static_cast<double>(length.steps_per_epoch))),
                   .total_steps = steps,
                   .final_fraction = final_fraction,
                   .gamma = gamma},
      .clip_norm = clip_norm,
      .max_norm = max_norm,
      .accumulate = accumulate,
      .ema_decay = ema_decay,
      .autocast = autocast};
  if (schedule == ScheduleKind::kStep) {
    trainer.schedule.decay_steps = StepsAtFractions(decay_at, steps);
  }
  ASSIGN_OR_RETURN(Objective objective, loss.ResolvedObjective());
  trainer.loss = {.alpha = alpha,
                  .temperature = temperature,
                  .objective = std::move(objective),
                  .label_smoothing = loss.label_smoothing};
  return trainer;
}

absl::Status StepOptions::Validate(int64_t epochs, const DistillationChoice& loss,
                                   bool has_teacher) const {
  RETURN_IF_ERROR(CheckMoreThan("lr", ResolvedLr(), 0));
  if (!(warmup_epochs >= 0 && warmup_epochs <= static_cast<double>(epochs))) {
    return InvalidField("warmup_epochs", warmup_epochs,
                        absl::StrCat("0 to ", epochs, ", which is `epochs`"));
  }
  if (!std::is_sorted(decay_at.begin(), decay_at.end()) ||
      std::any_of(decay_at.begin(), decay_at.end(),
                  [](double part) { return !(part >= 0 && part <= 1); })) {
    return InvalidField("decay_at", absl::StrJoin(decay_at, " "),
                        "from 0 to 1, in ascending order");
  }
  ASSIGN_OR_RETURN(const TrainerOptions trainer,
                   For({.epochs = epochs, .steps_per_epoch = 1}, loss, has_teacher));
  return trainer.Validate();
}

}  // namespace distill
