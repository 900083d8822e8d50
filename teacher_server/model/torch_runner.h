// TorchRunner: runs a LoadedModel, of the zoo or TorchScript, as a teacher.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/models/loaded_model.h"
#include "teacher_server/model/runner.h"

namespace distill {

// Threads: as Runner says. Nothing that Torch throws leaves Run().
class TorchRunner : public Runner {
 public:
  // `fixed_batch_size`: what batch-independent requests are padded to, ≥ 1. `threads`: what the
  // process computes with, for numerics().
  TorchRunner(std::unique_ptr<LoadedModel> model, ModelInfo info, int64_t fixed_batch_size,
              int threads);

  const ModelInfo& info() const override { return info_; }
  const Numerics& numerics() const override { return numerics_; }
  std::vector<absl::StatusOr<EncodedTargets>> Run(
      absl::Span<const RunnerRequest> requests) override;

  // Computes zeros at batch sizes 1 and fixed_batch_size, three times each: TorchScript specialises
  // itself in its first runs. INTERNAL if the model cannot.
  absl::Status WarmUp();

 private:
  using Members = std::vector<const RunnerRequest*>;

  // The logits of all members, [rows, classes], rows in the members' order; INTERNAL otherwise.
  absl::StatusOr<at::Tensor> ComputeLogits(const Members& members);

  // The batch's logits in pieces of fixed_batch_size samples, the last one padded with zeros.
  absl::StatusOr<at::Tensor> ComputePadded(const std::vector<at::Tensor>& batch, int64_t samples);

  // One member's rows, [rows, classes], in its own class order and encoding. INTERNAL for NaN.
  absl::StatusOr<EncodedTargets> Encode(const RunnerRequest& request, at::Tensor logits);

  // One answer a member. What fails for several together is tried again one by one.
  std::vector<absl::StatusOr<EncodedTargets>> RunMembers(const Members& members);

  // The status that a client sees; `detail` goes to the log, at the 1st, 2nd, 4th, 8th … time.
  absl::Status TeachersOwnFault(const absl::Status& detail);

  const std::unique_ptr<LoadedModel> model_;
  const ModelInfo info_;
  Numerics numerics_;
  uint64_t faults_ = 0;
};

}  // namespace distill
