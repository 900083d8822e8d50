// DeviceBatch: a training batch with its soft targets as tensors on the student's device.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/codec/decoded.h"
#include "common/model_directory/model_directory.h"
#include "common/zoo/model_inputs.h"
#include "student_trainer/loss/distillation_loss.h"
#include "student_trainer/pipeline/targeted_batch.h"

namespace distill {

// n rows: of the samples, or of their positions.
struct DeviceBatch {
  ModelInputs inputs;  // of the samples; images in channels_last
  // int64 [n]: the rows among the positions of all samples, padded ones too; undefined: all.
  at::Tensor row_index;
  HardLabels labels;
  at::Tensor likeliest_labels;  // int64 [n]: of two labels the one with more weight
  at::Tensor counts;            // bool [n]: the row has a label with a weight above 0
  int64_t labelled = 0;         // how many count
  DecodedOutputs targets;       // none where the batch has none
};

// `description`: of the student, whose inputs the batch has. Samples are padded to the longest of
// the batch. The batch's own tensors must be valid. Throws as Torch does.
DeviceBatch ToDevice(const TargetedBatch& targeted, const ModelDescription& description,
                     at::Device device);

// Returns the logits of the rows, [n, classes]: `logits` are those of the samples, or [samples,
// positions, classes].
at::Tensor LogitsOfRows(const at::Tensor& logits, const DeviceBatch& batch);

// Returns the targets of an output. INVALID_ARGUMENT, which names it, if the batch has none.
absl::StatusOr<const DecodedTargets*> TargetsOf(const DeviceBatch& batch,
                                                const std::string& output);

// INVALID_ARGUMENT unless the soft targets are as many rows and classes as the student's logits
// [n, classes].
absl::Status CheckFit(const DecodedTargets& targets, const at::Tensor& logits);

}  // namespace distill
