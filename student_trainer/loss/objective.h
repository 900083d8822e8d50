// Objectives are the loss functions that can replace the default distillation loss, by name, with
// named parameters; each lists the forms of soft targets that it can be computed from. objective.cc
// has one line per objective.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/codec/decoded.h"
#include "common/contract/output_spec.h"
#include "student_trainer/loss/objective_input.h"

namespace distill {

struct ObjectiveParameter {
  absl::string_view name;
  double usual = 0;  // the value in the paper
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
  absl::string_view title;        // a few words for the help text
  std::vector<TargetForm> forms;  // that `loss` accepts
  // The temperature of the paper; unset: the loss does not use one.
  std::optional<double> usual_temperature;
  std::vector<ObjectiveParameter> parameters;
  // The loss of a batch, a scalar to call backward() on. `parameters` has one value per parameter,
  // in order. Pure.
  at::Tensor (*loss)(const ObjectiveInput& input, absl::Span<const double> parameters);
  // Of the teacher's output that it is computed from.
  OutputKind kind = OutputKind::kLogits;
};

// Returns all objectives; the first is the default.
absl::Span<const ObjectiveType> ObjectiveTypes();

// A type with its parameters.
struct Objective {
  const ObjectiveType* type = &ObjectiveTypes().front();
  std::vector<double> parameters;      // one per parameter of the type, in order
  bool standardize_logits = false;     // modifies any objective; full logits only
  std::string output = kLogitsOutput;  // the name of the teacher's output it is computed from

  at::Tensor Loss(ObjectiveInput input) const;
  std::vector<TargetForm> forms() const;
};

// `parameters` has the form "beta=8,alpha=1"; parameters that it does not name have their usual
// values. INVALID_ARGUMENT reports an unknown name, with the nearest and all known names, or a
// value and its allowed range.
absl::StatusOr<Objective> ParseObjective(absl::string_view name, absl::string_view parameters = "");

// Returns OK if the objective can be computed from targets in this encoding. INVALID_ARGUMENT names
// both, and the encodings that fit.
absl::Status CheckAccepts(const Objective& objective, TargetEncoding encoding);

// Returns OK if the objective can be computed from what the teacher is asked for: its output is
// among `outputs`, and of its kind. INVALID_ARGUMENT names both.
absl::Status CheckOutput(const Objective& objective, absl::Span<const OutputSpec> outputs);

// Returns all objectives in one line: names, titles, and parameters with their usual values.
std::string DescribeObjectives();

}  // namespace distill
