// OptimizerOptions: which optimizer, and its parameters.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace distill {

enum class OptimizerKind { kSgd, kAdamW };

// "sgd", "adamw".
absl::string_view Name(OptimizerKind kind);

// The inverse of Name. INVALID_ARGUMENT, with the names known, for any other.
absl::StatusOr<OptimizerKind> ParseOptimizerKind(absl::string_view name);

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kSgd;
  double weight_decay = 0;  // ≥ 0; not on biases and the parameters of norms
  double momentum = 0.9;    // of SGD; [0, 1)
  double beta1 = 0.9;       // of AdamW; [0, 1)
  double beta2 = 0.999;     // of AdamW; [0, 1)
  double epsilon = 1e-8;    // of AdamW; > 0

  // INVALID_ARGUMENT names the option, the value and what is allowed.
  absl::Status Validate() const;
};

}  // namespace distill
