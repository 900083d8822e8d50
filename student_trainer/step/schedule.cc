#include "student_trainer/step/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "absl/strings/str_join.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

constexpr std::pair<ScheduleKind, absl::string_view> kNames[] = {
    {ScheduleKind::kCosine, "cosine"},
    {ScheduleKind::kLinear, "linear"},
    {ScheduleKind::kStep, "step"},
    {ScheduleKind::kConstant, "constant"},
};

// From `from` at 0 to `to` at 1, in the shape of the kind.
double Between(ScheduleKind kind, double from, double to, double progress) {
  progress = std::clamp(progress, 0.0, 1.0);
  switch (kind) {
    case ScheduleKind::kCosine:
      return to + (from - to) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
    case ScheduleKind::kLinear:
      return to + (from - to) * (1 - progress);
    case ScheduleKind::kStep:
    case ScheduleKind::kConstant:
      break;
  }
  return from;
}

}  // namespace

absl::string_view Name(ScheduleKind kind) {
  return std::find_if(std::begin(kNames), std::end(kNames),
                      [kind](const auto& each) { return each.first == kind; })
      ->second;
}

absl::StatusOr<ScheduleKind> ParseScheduleKind(absl::string_view name) {
  std::vector<std::string> names;
  for (const auto& [kind, known] : kNames) {
    if (known == name) return kind;
    names.emplace_back(known);
  }
  return CheckOneOf("schedule", name, names);
}

absl::Status LearningRateSchedule::Validate() const {
  RETURN_IF_ERROR(CheckAtLeast("peak", peak, 0));
  RETURN_IF_ERROR(CheckAtLeast("warmup_steps", warmup_steps, 0));
  RETURN_IF_ERROR(CheckAtLeast("total_steps", total_steps, 1));
  RETURN_IF_ERROR(CheckInRange("final_fraction", final_fraction, 0, 1));
  if (!(gamma > 0 && gamma <= 1)) return InvalidField("gamma", gamma, "more than 0 and at most 1");
  if (!std::is_sorted(decay_steps.begin(), decay_steps.end())) {
    return InvalidField("decay_steps", absl::StrJoin(decay_steps, " "), "in ascending order");
  }
  return absl::OkStatus();
}

double LearningRate(const LearningRateSchedule& schedule, int64_t step) {
  if (step < schedule.warmup_steps) {
    return schedule.peak * static_cast<double>(step + 1) /
           static_cast<double>(schedule.warmup_steps);
  }
  if (schedule.kind == ScheduleKind::kStep) {
    const auto& steps = schedule.decay_steps;
    const auto passed = std::upper_bound(steps.begin(), steps.end(), step) - steps.begin();
    return schedule.peak * std::pow(schedule.gamma, static_cast<double>(passed));
  }
  const int64_t decay_steps = std::max<int64_t>(1, schedule.total_steps - schedule.warmup_steps);
  const double progress =
      static_cast<double>(step - schedule.warmup_steps) / static_cast<double>(decay_steps);
  return Between(schedule.kind, schedule.peak, schedule.peak * schedule.final_fraction, progress);
}

std::vector<int64_t> StepsAtFractions(const std::vector<double>& fractions, int64_t total_steps) {
  std::vector<int64_t> steps;
  for (const double fraction : fractions) {
    steps.push_back(std::llround(fraction * static_cast<double>(total_steps)));
  }
  return steps;
}

absl::Status ValueSchedule::Validate() const {
  if (!std::isfinite(from)) return InvalidField("from", from, "a finite number");
  if (!std::isfinite(to)) return InvalidField("to", to, "a finite number");
  RETURN_IF_ERROR(CheckAtLeast("total_steps", total_steps, 1));
  if (kind == ScheduleKind::kStep) {
    return InvalidField("kind", Name(kind), "constant, linear or cosine");
  }
  return absl::OkStatus();
}

double ValueAt(const ValueSchedule& schedule, int64_t step) {
  const int64_t last = std::max<int64_t>(1, schedule.total_steps - 1);
  return Between(schedule.kind, schedule.from, schedule.to,
                 static_cast<double>(step) / static_cast<double>(last));
}

}  // namespace distill
