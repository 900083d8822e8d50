// Checkpoint: the state of a run between two batches, in one file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/model_directory/safetensors.h"
#include "student_trainer/run/run_progress.h"

namespace distill {

struct Checkpoint {
  RunProgress progress;
  nlohmann::json identity;    // what a run that resumes from here must share (run_identity.h)
  nlohmann::json teacher;     // TeacherFigures so far (train_summary.h)
  int64_t metrics_bytes = 0;  // of metrics.jsonl, that were written before it
  std::string description;    // the model's config.json
  TensorMap model;            // parameters and buffers
  TensorMap trainer;          // Trainer::state()
};

// A safetensors file, tensors by "model." and "trainer.", all else as JSON in its metadata. Whole
// or absent, whatever happens: errors of WriteSafetensors.
absl::Status WriteCheckpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

// Errors of ReadSafetensors; DATA_LOSS names a file that is not a checkpoint.
absl::StatusOr<Checkpoint> ReadCheckpoint(const std::filesystem::path& path);

// The checkpoints of a run: the last few, and the one whose model was the best on the validation
// part. Not thread-safe.
class CheckpointFolder {
 public:
  // `keep` ≥ 1: how many of the last stay.
  CheckpointFolder(std::filesystem::path folder, int keep)
      : folder_(std::move(folder)), keep_(keep) {}

  // Writes the checkpoint, and then removes those that need not stay. Makes the folder.
  absl::Status Write(const Checkpoint& checkpoint) const;

  // The newest that can be read, with a warning for each that cannot; nullopt where there is none
  // at all. DATA_LOSS if there are some and none can be read. Removes what an interrupted write has
  // left.
  absl::StatusOr<std::optional<Checkpoint>> ReadNewest() const;

  // "step_0000001234.safetensors", after so many batches.
  static std::string FileName(int64_t batches);

 private:
  // By the number of batches, ascending.
  absl::StatusOr<std::map<int64_t, std::filesystem::path>> Find() const;

  const std::filesystem::path folder_;
  const int keep_;
};

}  // namespace distill
