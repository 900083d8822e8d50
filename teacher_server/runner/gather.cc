#include "teacher_server/runner/gather.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "common/torch/host_tensors.h"

namespace distill {
namespace {

at::Tensor GatherInput(size_t input, absl::Span<const RunnerRequest* const> requests,
                       const GatherOptions& options) {
  Shape shape = requests.front()->inputs[input].values.shape;  // grows to the longest
  bool equal_shapes = true;
  for (const RunnerRequest* request : requests) {
    const Shape& own = request->inputs[input].values.shape;
    for (size_t d = 1; d < shape.size(); ++d) {
      equal_shapes = equal_shapes && own[d] == shape[d];
      shape[d] = std::max(shape[d], own[d]);
    }
  }
  shape[0] = options.rows;
  const at::ScalarType dtype = ToTorch(requests.front()->inputs[input].values.dtype);
  at::Tensor batch =
      at::empty(shape, at::TensorOptions().dtype(dtype).pinned_memory(options.pinned));
  if (!equal_shapes) batch.fill_(input == options.pad_input ? options.pad_id : 0);

  int64_t row = 0;
  for (const RunnerRequest* request : requests) {
    const HostTensor& source = request->inputs[input].values;
    at::Tensor target = batch.narrow(0, row, request->samples);
    if (equal_shapes) {
      source.bytes.CopyTo(target.data_ptr());
    } else {
      for (size_t d = 1; d < shape.size(); ++d) {
        target = target.narrow(static_cast<int64_t>(d), 0, source.shape[d]);
      }
      target.copy_(ToTorch(source));
    }
    row += request->samples;
  }
  if (row < options.rows) {
    batch.narrow(0, row, options.rows - row).copy_(batch.narrow(0, row - 1, 1));
  }
  return batch;
}

}  // namespace

std::vector<at::Tensor> Gather(absl::Span<const InputSpec> specs,
                               absl::Span<const RunnerRequest* const> requests,
                               const GatherOptions& options) {
  std::vector<at::Tensor> batch;
  for (size_t input = 0; input < specs.size(); ++input) {
    batch.push_back(GatherInput(input, requests, options));
  }
  return batch;
}

}  // namespace distill
