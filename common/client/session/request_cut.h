// How a training batch is cut into requests: by sizes and limits alone, so that a resumed run cuts
// the same.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/client/session/soft_target_source.h"
#include "common/contract/limits.h"
#include "common/contract/target_spec.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// Rows [begin, end) of a batch: one request.
struct RequestRange {
  int64_t begin = 0;
  int64_t end = 0;

  int64_t samples() const { return end - begin; }
  friend bool operator==(const RequestRange&, const RequestRange&) = default;
};

// Returns the bytes of an answer of these outputs per sample, whose logits have `rows_per_sample`
// rows. An output whose rows depend on the sample's length counts as one row.
int64_t AnswerBytesPerSample(absl::Span<const AnswerOutput> outputs, int64_t rows_per_sample = 1);

// Contiguous ranges that cover `inputs` [n, …] in order: as many samples each as fit kRequestBytes
// of inputs and of answers of `answer_bytes` each, max_request_samples and max_message_bytes, and
// at least one. RESOURCE_EXHAUSTED where one sample alone, or its answer, is over
// max_message_bytes.
absl::StatusOr<std::vector<RequestRange>> CutIntoRequests(const HostTensor& inputs,
                                                          int64_t answer_bytes,
                                                          const StreamLimits& limits);

}  // namespace distill
