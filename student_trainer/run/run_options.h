// RunOptions: how long a run is, where it is kept, and how it is resumed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"

namespace distill {

inline constexpr int64_t kUsualBatchSize = 128;
inline constexpr int64_t kLeastBatchSize = 8;      // by default, where there are so many samples
inline constexpr int64_t kUsualStepsPerEpoch = 8;  // at least, by default

struct RunOptions {
  std::string run_dir;
  int64_t epochs = 10;
  std::optional<int64_t> batch_size;  // unset: 128, fewer where an epoch would have few steps
  uint64_t seed = 0;
  std::string device = "cpu";
  int threads = 0;             // 0: one per core
  int64_t validate_every = 1;  // epochs
  bool resume = false;
  bool resume_anyway = false;  // even if data, student, teacher or options differ
  bool deterministic = false;
  int64_t checkpoint_every = 1000;  // batches, and at the ends of epochs; 0: there alone
  int keep_checkpoints = 2;

  // `samples`: that are trained on; a batch has no more.
  int64_t ResolvedBatchSize(int64_t samples) const;

  // INVALID_ARGUMENT names the field, its value and what is allowed.
  absl::Status Validate() const;
};

}  // namespace distill
