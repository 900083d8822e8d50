// TorchRunner: runs a LoadedModel, of the zoo or TorchScript, as a teacher.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Stream.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/inference/loaded_model.h"
#include "teacher_server/runner/ragged_batch.h"
#include "teacher_server/runner/runner.h"
#include "teacher_server/runner/teacher_faults.h"
#include "teacher_server/runner/torch_outputs.h"

namespace distill {

// One instance: on CUDA it computes on a stream of its own, so that while one instance computes,
// another one's inputs are copied. Threads: as Runner says. Nothing that Torch throws leaves Run().
class TorchRunner : public Runner {
 public:
  // `max_batch_samples`: computed at once; what batch-independent requests are padded to, ≥ 1.
  // `threads`: what the process computes with, for numerics(). `max_length`: of a sample.
  TorchRunner(std::shared_ptr<const LoadedModel> model, ModelInfo info, int64_t max_batch_samples,
              int threads, int64_t max_length = StreamLimits().max_length);

  const ModelInfo& info() const override { return info_; }
  const Numerics& numerics() const override { return numerics_; }

  // Inputs of equal shapes; where the model takes a mask, lengths may differ up to twofold, and on
  // ragged streams in any way.
  std::string BatchKey(const RunnerRequest& request) const override;
  std::vector<Computed> Run(absl::Span<const RunnerRequest> requests) override;

  // Computes zeros at every batch size, three times each: TorchScript specialises itself in its
  // first runs. INTERNAL if the model cannot.
  absl::Status WarmUp();

 private:
  using Members = std::vector<const RunnerRequest*>;

  // Computes the outputs of a batch, and one chunk of the logits that a head makes.
  absl::Status RunOnce(const std::vector<at::Tensor>& batch) const;

  // What the model gave for all members, in their order, and then for padding: per output one
  // tensor per run of the model, as LoadedModel::Compute gives it.
  using Pieces = std::vector<std::vector<at::Tensor>>;
  absl::StatusOr<Pieces> ComputePieces(const Members& members);

  // Returns the rows of output `output` of each member. Throws.
  std::vector<SharedRows> RowsOf(size_t output, const Members& members, const Pieces& pieces) const;

  // Returns the rows of each output, by member.
  using RowsByMember = std::vector<std::vector<SharedRows>>;
  absl::StatusOr<RowsByMember> Compute(const Members& members);
  // The same of ragged requests.
  absl::StatusOr<RowsByMember> ComputeRagged(const Members& members);

  // Computes the samples of a group; without padding, if the model cannot take what they are padded
  // to.
  absl::Status ComputeGroup(const LengthGroup& group, bool batch_independent,
                            RaggedBatch& batch) const;

  // Returns the batch sizes to run `samples` samples of `length` in: what the model gives at once
  // is bounded.
  std::vector<int64_t> PlanGroup(int64_t samples, int64_t length, bool batch_independent) const;

  // Returns the output of the model that the rows of `output` are made of: that of the features for
  // logits that the head makes.
  size_t SourceOf(size_t output) const;
  BatchRows::Make MakerOf(size_t output) const;

  // Returns one result per member. What fails for several together is tried again one by one.
  std::vector<Computed> RunMembers(const Members& members);

  // On CUDA, after a failure.
  void EndIfDeviceIsLost(const absl::Status& failure);

  const std::shared_ptr<const LoadedModel> model_;
  const ModelInfo info_;
  const std::vector<int64_t> sizes_;
  std::optional<c10::Stream> stream_;  // on CUDA
  const int64_t max_length_;
  Numerics numerics_;
  const std::shared_ptr<TeacherFaults> faults_ = std::make_shared<TeacherFaults>();
};

}  // namespace distill
