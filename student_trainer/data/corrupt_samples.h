// CorruptSamples: how many samples of a data set could not be decoded, and how many may be.
#pragma once

#include <cstdint>
#include <set>

#include "absl/status/status.h"
#include "common/base/mutex.h"

namespace distill {

// One a data set. Thread-safe.
class CorruptSamples {
 public:
  // `max_corrupt`: this many samples may be skipped; ≥ 0.
  explicit CorruptSamples(int64_t max_corrupt = 0) : max_corrupt_(max_corrupt) {}

  // `why` is the error that reading sample `index` gave. OK: skip the sample; a warning was logged
  // if it is the first report of it. An error: `why` itself where it is not DATA_LOSS, as only
  // files can be corrupt; else DATA_LOSS that names --max_corrupt, once more samples are corrupt
  // than that.
  absl::Status Report(int64_t index, const absl::Status& why);

  // Of samples that Report was told of as corrupt, each counted once.
  int64_t count() const;

 private:
  const int64_t max_corrupt_;
  mutable Mutex mutex_;
  std::set<int64_t> seen_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace distill
