// TorchOutputs: what a model gave for one request, in the memory of its device.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Stream.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "teacher_server/runner/batch_rows.h"
#include "teacher_server/runner/outputs.h"
#include "teacher_server/runner/teacher_faults.h"

namespace distill {

// The rows [first, first + count) of an output of a batch.
struct SharedRows {
  std::shared_ptr<BatchRows> batch;
  int64_t first = 0;
  int64_t count = 0;
};

// Encoding runs on the device, chunk by chunk of BatchRows: what it takes does not grow with the
// batch. Nothing that Torch throws leaves it.
class TorchOutputs final : public Outputs {
 public:
  // One entry per output of the model. `stream`: the one that computed them, on CUDA.
  TorchOutputs(std::vector<SharedRows> outputs, std::optional<c10::Stream> stream,
               std::shared_ptr<TeacherFaults> faults);

  int64_t rows(size_t output) const override;
  absl::StatusOr<EncodedTargets> Encode(size_t output, RowRange rows,
                                        const OutputEncoding& encoding,
                                        const EncodeOptions& options) const override;

 private:
  const std::vector<SharedRows> outputs_;
  const std::optional<c10::Stream> stream_;
  const std::shared_ptr<TeacherFaults> faults_;
};

}  // namespace distill
