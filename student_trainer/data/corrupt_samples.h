// CorruptSamples counts the samples of a data set that could not be decoded, and limits their
// number.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "common/base/mutex.h"

namespace distill {

// Each data set has one. Thread-safe.
class CorruptSamples {
 public:
  // `max_corrupt` samples may be skipped; ≥ 0. `what`: the options that name the data set, as
  // messages have them.
  explicit CorruptSamples(int64_t max_corrupt = 0, std::string what = "`train`")
      : max_corrupt_(max_corrupt), what_(std::move(what)) {}

  // `why` is the error from reading sample `index`. If the result is OK, skip the sample; the first
  // report of a sample logs a warning. The result is `why` itself unless it is DATA_LOSS, since
  // only files can be corrupt; it is a DATA_LOSS that names `max_corrupt` if more samples than that
  // are corrupt.
  absl::Status Report(int64_t index, const absl::Status& why);

  // Returns the options that name the data set: where errors about it come from.
  const std::string& what() const { return what_; }

  // Returns the number of samples reported as corrupt, each counted once.
  int64_t count() const;

 private:
  const int64_t max_corrupt_;
  const std::string what_;
  mutable Mutex mutex_;
  std::set<int64_t> seen_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace distill
