// TorchOutputs: what a model gave for one request, in the memory of its device.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Stream.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "teacher_server/runner/outputs.h"
#include "teacher_server/runner/teacher_faults.h"

namespace distill {

// Encoding runs on the device, in pieces of kEncodeBytes of logits: what it takes beside them does
// not grow with the batch. Nothing that Torch throws leaves it.
class TorchOutputs final : public Outputs {
 public:
  static constexpr int64_t kEncodeBytes = 64 << 20;

  // `logits`: float32 [rows, classes]. `stream`: the one that computed them, on CUDA.
  TorchOutputs(at::Tensor logits, std::optional<c10::Stream> stream,
               std::shared_ptr<TeacherFaults> faults);

  int64_t rows(size_t output) const override;
  absl::StatusOr<EncodedTargets> Encode(size_t output, RowRange rows,
                                        const OutputEncoding& encoding,
                                        const EncodeOptions& options) const override;

 private:
  // Encodes what kEncodeBytes hold. Throws.
  EncodedTargets EncodePiece(RowRange rows, const OutputEncoding& encoding,
                             const at::Tensor& class_order, const EncodeOptions& options) const;

  const at::Tensor logits_;
  const std::optional<c10::Stream> stream_;
  const std::shared_ptr<TeacherFaults> faults_;
};

}  // namespace distill
