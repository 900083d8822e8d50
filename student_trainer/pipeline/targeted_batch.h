// TargetedBatch: a training batch with the teacher's answer to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/contract/target_spec.h"
#include "student_trainer/pipeline/training_batch.h"

namespace distill {

// What the teacher answered for one of its outputs.
struct OutputTargets {
  std::string output;                   // its name
  std::vector<EncodedTargets> answers;  // of all samples of a batch, cut by rows, in order
};

struct TargetedBatch {
  TrainingBatch batch;
  std::vector<OutputTargets> targets;  // empty where the batch has none
};

// Where the trainer gets its batches from, with their soft targets; nullopt after the last.
class TargetedBatchSource {
 public:
  virtual ~TargetedBatchSource() = default;
  virtual absl::StatusOr<std::optional<TargetedBatch>> Next() = 0;

  // The time that Next() has waited for the teacher so far.
  virtual absl::Duration waited() const = 0;
};

}  // namespace distill
