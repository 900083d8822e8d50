#include "student_trainer/options/make_trainer_options.h"

#include <cmath>
#include <optional>

#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "student_trainer/loss/objective.h"

namespace distill {
namespace {

// A straight line over the run, where an end was given.
std::optional<ValueSchedule> Schedule(double from, const std::optional<double>& to, int64_t steps) {
  if (!to.has_value()) return std::nullopt;
  return ValueSchedule{
      .from = from, .to = *to, .kind = ScheduleKind::kLinear, .total_steps = steps};
}

}  // namespace

absl::StatusOr<Objective> ResolveObjective(const TrainOptions& options) {
  RETURN_IF_ERROR(ParseObjective(options.objective).status());
  ASSIGN_OR_RETURN(Objective objective,
                   ParseObjective(options.objective, options.objective_parameters),
                   Field("objective_parameters"));
  objective.standardize_logits = options.standardize_logits;
  return objective;
}

absl::StatusOr<TrainerOptions> MakeTrainerOptions(const TrainOptions& options,
                                                  int64_t steps_per_epoch) {
  const int64_t steps = options.epochs * steps_per_epoch;
  TrainerOptions trainer;
  ASSIGN_OR_RETURN(trainer.loss.objective, ResolveObjective(options));
  trainer.loss.alpha = options.ResolvedAlpha();
  trainer.loss.temperature = options.ResolvedTemperature();
  trainer.loss.label_smoothing = options.label_smoothing;
  trainer.alpha = Schedule(options.ResolvedAlpha(), options.final_alpha, steps);
  trainer.temperature = Schedule(options.ResolvedTemperature(), options.final_temperature, steps);

  ASSIGN_OR_RETURN(trainer.optimizer.kind, ParseOptimizerKind(options.optimizer));
  trainer.optimizer.momentum = options.momentum;
  trainer.optimizer.weight_decay = options.weight_decay;

  LearningRateSchedule& schedule = trainer.schedule;
  ASSIGN_OR_RETURN(schedule.kind, ParseScheduleKind(options.schedule));
  schedule.peak = options.ResolvedLr();
  schedule.warmup_steps = static_cast<int64_t>(
      std::llround(options.warmup_epochs * static_cast<double>(steps_per_epoch)));
  schedule.total_steps = steps;
  schedule.final_fraction = options.final_fraction;
  schedule.gamma = options.gamma;
  if (schedule.kind == ScheduleKind::kStep) {
    schedule.decay_steps = StepsAtFractions(options.decay_at, steps);
  }
  trainer.clip_norm = options.clip_norm;
  trainer.max_norm = options.max_norm;
  trainer.accumulate = options.accumulate;
  trainer.ema_decay = options.ema_decay;
  ASSIGN_OR_RETURN(trainer.autocast, ParseAutocast(options.autocast));
  return trainer;
}

}  // namespace distill
