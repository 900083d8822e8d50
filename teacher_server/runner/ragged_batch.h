// RaggedBatch: the samples of several ragged requests, computed in groups that are padded to one
// length.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/contract/served_model.h"
#include "common/torch/padding.h"
#include "teacher_server/runner/runner.h"

namespace distill {

struct RaggedOptions {
  int64_t pad_id = 0;
  bool may_pad = false;  // otherwise samples are computed with those of their own length alone
  int64_t max_length = 0;
  bool pinned = false;  // as GatherOptions
};

// A batch of one group: one tensor per input, [rows, …] on the CPU, and int64 [rows] lengths.
struct PaddedBatch {
  std::vector<at::Tensor> inputs;
  at::Tensor lengths;
};

// The requests must outlive it. Throws as Torch does.
class RaggedBatch {
 public:
  RaggedBatch(absl::Span<const InputSpec> specs, absl::Span<const RunnerRequest* const> requests,
              const RaggedOptions& options);

  const std::vector<LengthGroup>& groups() const { return groups_; }
  // Of all samples of the requests, in order.
  const std::vector<int64_t>& lengths() const { return lengths_; }

  // Returns samples [first, first + rows) of a group; rows beyond its end repeat its last sample.
  PaddedBatch Gather(const LengthGroup& group, int64_t first, int64_t rows) const;

  // Keeps what an output gave for such a batch: [rows, width] or [rows, positions, width], of which
  // rows beyond the group's end, padding and positions that are not wanted are dropped.
  // `output`: its index. Batches may be added in any order, each once.
  void Add(size_t output, const OutputSpec& spec, const LengthGroup& group, int64_t first,
           const at::Tensor& given);

  // The rows of an output, [rows, width], in the order of the requests and their samples, and how
  // many are of each request.
  struct Rows {
    at::Tensor rows;
    std::vector<int64_t> counts;
  };
  Rows Take(size_t output, const OutputSpec& spec);

 private:
  struct Sample {
    size_t request = 0;
    int64_t index = 0;            // in the request
    int64_t offset = 0;           // the positions of the request before it
    std::vector<int64_t> wanted;  // positions, from 0
  };

  // The rows that an output has of a sample.
  int64_t RowsOf(const Sample& sample, const OutputSpec& spec) const;

  const absl::Span<const InputSpec> specs_;
  const absl::Span<const RunnerRequest* const> requests_;
  const RaggedOptions options_;
  std::vector<Sample> samples_;  // of all requests, in order
  std::vector<int64_t> lengths_;
  std::vector<LengthGroup> groups_;
  // By output: what was kept, and of which samples.
  struct Kept {
    std::vector<at::Tensor> rows;
    std::vector<int64_t> samples;
  };
  std::vector<Kept> kept_;
};

}  // namespace distill
