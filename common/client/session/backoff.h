// Backoff: how long to wait before the next attempt to connect.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/random.h"

namespace distill {

struct BackoffOptions {
  absl::Duration initial = absl::Milliseconds(100);
  double multiplier = 1.6;
  absl::Duration max = absl::Seconds(5);

  // INVALID_ARGUMENT names the field: 0 < initial ≤ max < infinity, multiplier ≥ 1.
  absl::Status Validate() const;
};

// Grows by the multiplier up to the maximum; each delay is shortened or lengthened by up to a
// fifth, so that the clients of a server that comes back do not all come at once. Not thread-safe.
class Backoff {
 public:
  Backoff(const BackoffOptions& options, uint64_t seed)
      : options_(options), random_(seed), next_(options.initial) {}

  absl::Duration Next();
  void Reset() { next_ = options_.initial; }

 private:
  const BackoffOptions options_;
  SplitMix64 random_;
  absl::Duration next_;
};

}  // namespace distill
