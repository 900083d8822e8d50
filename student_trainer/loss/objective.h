// Objectives: what takes the place of the distillation loss, by name, and which forms of soft
// targets each can be computed from.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/targets/decoded.h"

namespace distill {

struct Objective {
  absl::string_view name;
  std::vector<TargetForm> forms;  // that `loss` accepts
  // The loss of a batch, a scalar to call backward() on: the mean over its rows, with the factor
  // that the temperature brings. student_logits: float32 [n, classes]; targets: of as many rows and
  // classes, no gradient flows into them; temperature: finite, > 0.
  at::Tensor (*loss)(const at::Tensor& student_logits, const DecodedTargets& targets,
                     double temperature);
};

// All that there are; the first is the default.
absl::Span<const Objective> Objectives();

// INVALID_ARGUMENT, with the names known, for any other.
absl::StatusOr<const Objective*> FindObjective(absl::string_view name);

// OK if the objective can be computed from targets that travel so. INVALID_ARGUMENT names both, and
// the encodings that fit.
absl::Status CheckAccepts(const Objective& objective, TargetEncoding encoding);

}  // namespace distill
