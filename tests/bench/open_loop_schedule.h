// OpenLoopSchedule: when an open loop sends which request, whatever the answers do. Pure.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace distill {

// Evenly spaced, the streams in turn.
class OpenLoopSchedule {
 public:
  struct Entry {
    absl::Time at;
    int stream = 0;  // 0 … streams - 1
  };

  // rate: requests a second over all streams, > 0; streams ≥ 1.
  OpenLoopSchedule(absl::Time start, double rate, int streams)
      : start_(start), rate_(rate), streams_(streams) {}

  // Request i = 0, 1, …; a function of i alone, so that no error adds up and a request that is sent
  // late does not move those behind it.
  Entry At(int64_t i) const {
    return {.at = start_ + absl::Seconds(static_cast<double>(i) / rate_),
            .stream = static_cast<int>(i % streams_)};
  }

 private:
  const absl::Time start_;
  const double rate_;
  const int streams_;
};

}  // namespace distill
