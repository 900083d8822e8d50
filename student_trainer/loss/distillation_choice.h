// DistillationChoice: which loss a run is trained with, as a user chooses it.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace distill {

struct Objective;

struct DistillationChoice {
  std::optional<double> alpha;              // unset: kUsualAlpha with a teacher, 0 without
  std::optional<double> temperature;        // unset: the objective's usual one
  std::optional<double> final_alpha;        // unset: alpha stays
  std::optional<double> final_temperature;  // unset: the temperature stays
  std::string objective = "kd";             // the first of ObjectiveTypes()
  std::string objective_parameters;         // "beta=8,alpha=1"; others have their usual values
  bool standardize_logits = false;
  double label_smoothing = 0;

  // Returns the objective with its parameters. INVALID_ARGUMENT names the field.
  absl::StatusOr<Objective> ResolvedObjective() const;
  // Whether the objective looks at a temperature.
  bool HasTemperature() const;
  // The objective's usual one, unless another was given; 1 where it has none.
  double ResolvedTemperature() const;
  double ResolvedAlpha(bool has_teacher) const;

  // INVALID_ARGUMENT names the field, its value and what is allowed.
  absl::Status Validate(bool has_teacher) const;
};

inline constexpr double kUsualAlpha = 0.9;

}  // namespace distill
