// How a training batch is cut into requests: by sizes and limits alone, so that a resumed run cuts
// the same.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
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

struct AnswerSize {
  TargetSpec spec;
  int64_t classes = 0;
  int64_t rows_per_sample = 1;
};

// Contiguous ranges that cover `inputs` [n, …] in order: as many samples each as fit kRequestBytes
// of inputs and of answer, max_request_samples and max_message_bytes, and at least one.
// RESOURCE_EXHAUSTED where one sample alone, or its answer, is over max_message_bytes.
absl::StatusOr<std::vector<RequestRange>> CutIntoRequests(const HostTensor& inputs,
                                                          const AnswerSize& answer,
                                                          const StreamLimits& limits);

}  // namespace distill
