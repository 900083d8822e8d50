// Gather: the one copy of a request's inputs, from where gRPC put them into the batch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "common/contract/input_spec.h"
#include "teacher_server/runner/runner.h"

namespace distill {

struct GatherOptions {
  int64_t rows = 0;  // of the batch; at least the samples of all requests
  // Fills the input `pad_input` up to the longest of the batch; others are filled with 0.
  int64_t pad_id = 0;
  size_t pad_input = 0;
  bool pinned = false;  // page-locked memory, from which a copy to a CUDA device runs by itself
};

// One tensor per input, [rows, …], on the CPU: the requests' samples one after the other. The rows
// after them repeat the last sample, so that padding never computes what no client sent. Throws as
// Torch does.
std::vector<at::Tensor> Gather(absl::Span<const InputSpec> specs,
                               absl::Span<const RunnerRequest* const> requests,
                               const GatherOptions& options);

}  // namespace distill
