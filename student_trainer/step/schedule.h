// What changes over a run, as a function of the step: the learning rate, and the weights of the
// loss. Pure. Steps are the optimizer's and count from 0; a step beyond the run has the last
// value.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace distill {

enum class ScheduleKind {
  kCosine,    // half a cosine from the peak down to final_fraction of it
  kLinear,    // a straight line there
  kStep,      // times gamma at each of decay_steps
  kConstant,  // the peak
};

// "cosine", "linear", "step", "constant".
absl::string_view Name(ScheduleKind kind);

// The inverse of Name. INVALID_ARGUMENT, with the names known, for any other.
absl::StatusOr<ScheduleKind> ParseScheduleKind(absl::string_view name);

// Linear warm-up to `peak` over `warmup_steps`, then by `kind`; kCosine and kLinear end at
// `total_steps`. Cosine: Loshchilov and Hutter, "SGDR", 2017, arXiv:1608.03983, without restarts.
struct LearningRateSchedule {
  ScheduleKind kind = ScheduleKind::kCosine;
  double peak = 0.1;
  int64_t warmup_steps = 0;
  int64_t total_steps = 1;
  double final_fraction = 0;  // of the peak, at total_steps: kCosine and kLinear; [0, 1]
  // kStep: the steps from which on the rate is multiplied once more, ascending, warm-up included in
  // the count; StepsAtFractions makes them.
  std::vector<int64_t> decay_steps;
  double gamma = 0.1;  // kStep; (0, 1]

  // INVALID_ARGUMENT names the option, the value and what is allowed.
  absl::Status Validate() const;
};

// The rate that `step` is taken with.
double LearningRate(const LearningRateSchedule& schedule, int64_t step);

// {0.5, 0.75} of 100 steps: {50, 75}.
std::vector<int64_t> StepsAtFractions(const std::vector<double>& fractions, int64_t total_steps);

// A value of the loss over the run, `from` at the first step and `to` at the last of total_steps.
struct ValueSchedule {
  double from = 0;
  double to = 0;  // kConstant does not look at it
  ScheduleKind kind = ScheduleKind::kConstant;
  int64_t total_steps = 1;

  // INVALID_ARGUMENT for a value that is not finite, a total below 1, and kStep.
  absl::Status Validate() const;
};

// The value that `step` is taken with.
double ValueAt(const ValueSchedule& schedule, int64_t step);

}  // namespace distill
