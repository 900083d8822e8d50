// OutputForm: what the numbers are that a model gives for its classes.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"

namespace distill {

enum class OutputForm {
  kLogits,
  kProbabilities,     // of a softmax: those of a row sum to 1
  kLogProbabilities,  // of a log-softmax
  kSigmoid,           // probabilities of classes that do not exclude each other
};

// "logits", "probabilities", "log_probabilities", "sigmoid": the values of the field output of
// config.json.
absl::string_view Name(OutputForm form);
std::optional<OutputForm> OutputFormFromName(absl::string_view name);

}  // namespace distill
