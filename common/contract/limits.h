// The bounds of one stream, which the server grants.
#pragma once

#include <cstdint>

namespace distill {

struct StreamLimits {
  int64_t credits = 4096;  // samples in flight; ≥ max_request_samples
  int64_t max_request_samples = 1024;
  int64_t max_message_bytes = 4 << 20;  // of one message, in either direction
  int64_t max_length = 8192;            // of inputs of variable length

  friend bool operator==(const StreamLimits&, const StreamLimits&) = default;
};

// A client cuts its training batches into requests whose inputs and answers are about this size.
inline constexpr int64_t kRequestBytes = 1 << 20;

}  // namespace distill
