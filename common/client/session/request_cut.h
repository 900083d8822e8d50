// How a batch is cut into requests: by sizes and limits alone, so that a resumed run cuts the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/client/session/soft_target_source.h"
#include "common/contract/input_batch.h"
#include "common/contract/limits.h"

namespace distill {

// What is asked about: samples and, where they have lengths, the positions that are wanted.
struct AskedBatch {
  std::vector<InputBatch> inputs;  // one per input of the teacher; memory is shared
  std::vector<bool> wanted;        // by position of all samples; empty: all
};

// Samples [begin, end) of a batch: one request.
struct RequestRange {
  int64_t begin = 0;
  int64_t end = 0;

  int64_t samples() const { return end - begin; }
  friend bool operator==(const RequestRange&, const RequestRange&) = default;
};

struct RequestCut {
  std::vector<RequestRange> ranges;  // contiguous, in order
  int64_t bytes = 0;                 // of the inputs and the answers of all
};

// Cuts the batch into as many samples each as fit kRequestBytes of inputs and of answers,
// max_request_samples and max_message_bytes, and at least one. Logits that do not have a row per
// position have `rows_per_sample` rows; other outputs whose rows depend on lengths that are not
// given count as one row. RESOURCE_EXHAUSTED where one sample alone, or its answer, is over
// max_message_bytes.
absl::StatusOr<RequestCut> CutIntoRequests(const AskedBatch& batch,
                                           absl::Span<const AnswerOutput> outputs,
                                           int64_t rows_per_sample, const StreamLimits& limits);

// Returns the inputs, the row mask and the rows of the request about a range; the rest is unset.
SoftTargetRequest MakeRequest(const AskedBatch& batch, const RequestRange& range,
                              int64_t rows_per_sample);

}  // namespace distill
