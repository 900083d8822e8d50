// OpenLoopSchedule determines when an open loop sends each request, regardless of the answers.
// Pure.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace distill {

// Requests are evenly spaced, and streams take turns.
class OpenLoopSchedule {
 public:
  struct Entry {
    absl::Time at;
    int stream = 0;  // 0 … streams - 1
  };

  // rate: requests per second over all streams, > 0; streams ≥ 1.
  OpenLoopSchedule(absl::Time start, double rate, int streams)
      : start_(start), rate_(rate), streams_(streams) {}

  // Returns request i = 0, 1, …; a function of i alone, so that errors do not accumulate and a
  // request that is sent late does not delay later ones.
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
