// Objectives: what takes the place of the distillation loss, by name, with named parameters, and
// which forms of soft targets each can be computed from. One line an objective in objective.cc.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/targets/decoded.h"
#include "student_trainer/loss/objective_input.h"

namespace distill {

struct ObjectiveParameter {
  absl::string_view name;
  double usual = 0;  // the paper's
  double least = 0;
  double most = 0;
  enum class Kind {
    kNumber,   // from least to most
    kBetween,  // above least and below most
    kInteger,  // from least to most
  } kind = Kind::kNumber;
};

struct ObjectiveType {
  absl::string_view name;
  absl::string_view title;        // of the help: in a few words
  std::vector<TargetForm> forms;  // that `loss` accepts
  // The paper's; unset: the loss does not look at one.
  std::optional<double> usual_temperature;
  std::vector<ObjectiveParameter> parameters;
  // The loss of a batch, a scalar to call backward() on. `parameters`: a value for each, in order.
  // Pure.
  at::Tensor (*loss)(const ObjectiveInput& input, absl::Span<const double> parameters);
};

// All that there are; the first is the default.
absl::Span<const ObjectiveType> ObjectiveTypes();

// A type with its parameters.
struct Objective {
  const ObjectiveType* type = &ObjectiveTypes().front();
  std::vector<double> parameters;   // of the type's, in order
  bool standardize_logits = false;  // a modifier of any, of full logits alone

  at::Tensor Loss(ObjectiveInput input) const;
  std::vector<TargetForm> forms() const;
};

// `parameters`: as "beta=8,alpha=1"; those that are not named have their usual values.
// INVALID_ARGUMENT names what is not known, with the nearest and all that are, or the value and
// what is allowed.
absl::StatusOr<Objective> ParseObjective(absl::string_view name, absl::string_view parameters = "");

// OK if the objective can be computed from targets that travel so. INVALID_ARGUMENT names both, and
// the encodings that fit.
absl::Status CheckAccepts(const Objective& objective, TargetEncoding encoding);

// All objectives in a line: names, titles, and parameters with their usual values.
std::string DescribeObjectives();

}  // namespace distill
