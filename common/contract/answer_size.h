// Whether an answer fits a message.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/contract/output_spec.h"
#include "common/contract/target_spec.h"

namespace distill {

// The rows of one output of an answer.
struct AnswerRows {
  OutputSpec output;
  TargetSpec spec;
  int64_t rows = 0;
};

// Returns OK if an answer of these rows fits a message of `most` bytes. INVALID_ARGUMENT has both
// sizes, and the encodings in which the first output that is too large by itself would fit.
absl::Status CheckAnswerFits(absl::Span<const AnswerRows> answer, int64_t most);

}  // namespace distill
