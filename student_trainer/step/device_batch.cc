#include "student_trainer/step/device_batch.h"

#include <torch/types.h>

#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/codec/encoding.h"
#include "common/torch/host_tensors.h"
#include "common/torch/normalize.h"

namespace distill {
namespace {

// Convolutions run 1.1 to 1.9 times faster in this layout.
at::Tensor ToChannelsLast(const at::Tensor& x) {
  return x.dim() == 4 ? x.contiguous(at::MemoryFormat::ChannelsLast) : x;
}

void Move(FullLogits& targets, at::Device device) { targets.logits = targets.logits.to(device); }

void Move(TopKTargets& targets, at::Device device) {
  targets.ids = targets.ids.to(device);
  targets.log_probabilities = targets.log_probabilities.to(device);
  targets.log_tail = targets.log_tail.to(device);
}

void Move(SampledTargets& targets, at::Device device) {
  targets.ids = targets.ids.to(device);
  targets.weights = targets.weights.to(device);
}

void Move(Vectors& targets, at::Device device) { targets.values = targets.values.to(device); }

// On the CPU; fills what is about labels.
void AddLabels(const TrainingBatch& batch, DeviceBatch& result) {
  result.labels.labels = torch::tensor(batch.labels, torch::kInt64);
  if (!batch.mixed_labels.empty()) {
    result.labels.mixed_labels = torch::tensor(batch.mixed_labels, torch::kInt64);
    result.labels.weights = torch::tensor(batch.label_weights, torch::kFloat32);
  }
  result.likeliest_labels = LikeliestLabels(result.labels);
  result.counts = result.likeliest_labels.ne(kNoLabel);
  result.labelled = result.counts.sum().item<int64_t>();
}

}  // namespace

DeviceBatch ToDevice(const TargetedBatch& targeted, const Normalization& normalization,
                     at::Device device) {
  DeviceBatch result;
  result.inputs =
      ToChannelsLast(Normalize(ToTorch(targeted.batch.inputs).to(device), normalization));
  AddLabels(targeted.batch, result);
  for (at::Tensor* tensor : {&result.labels.labels, &result.labels.mixed_labels,
                             &result.labels.weights, &result.likeliest_labels, &result.counts}) {
    if (tensor->defined()) *tensor = tensor->to(device);
  }
  for (const auto& [output, answers] : targeted.targets) {
    DecodedTargets& decoded = result.targets[output];
    decoded = DecodeTargets(answers);
    std::visit([device](auto& targets) { Move(targets, device); }, decoded);
  }
  return result;
}

absl::StatusOr<const DecodedTargets*> TargetsOf(const DeviceBatch& batch,
                                                const std::string& output) {
  const auto found = batch.targets.find(output);
  if (found != batch.targets.end()) return &found->second;
  return absl::InvalidArgumentError(
      absl::StrCat("the output '", output, "' is not among those that the teacher is asked for"));
}

absl::Status CheckFit(const DecodedTargets& targets, const at::Tensor& logits) {
  if (Rows(targets) == logits.size(0) && Classes(targets) == logits.size(1)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("soft targets of ", Rows(targets), " rows and ",
                                                 Classes(targets), " classes: the student has ",
                                                 logits.size(0), " rows and ", logits.size(1)));
}

}  // namespace distill
