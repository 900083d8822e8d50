// LoadRun drives a teacher server with streams of requests for a while, in a closed or an open
// loop.
#pragma once

#include <cstdint>
#include <stop_token>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/client/session/granted.h"
#include "common/client/session/teacher_client.h"
#include "tests/bench/measurement.h"

namespace distill {

enum class LoadMode {
  kClosed,  // a fixed number in flight: each answer lets the next request be sent
  kOpen,    // requests are sent on schedule, regardless of the answers
};

struct LoadOptions {
  TeacherClientOptions client;  // the target, the model, the encoding
  int streams = 1;
  int64_t request_samples = 256;
  int64_t length = 0;  // of inputs of variable length
  LoadMode mode = LoadMode::kClosed;
  int in_flight = 4;  // kClosed: requests per stream, if the credits allow
  double rate = 0;    // kOpen: requests per second over all streams
  absl::Duration warmup = absl::Seconds(1);
  absl::Duration duration = absl::Seconds(5);
  uint64_t seed = 0;

  // INVALID_ARGUMENT names the option, its value and what is allowed.
  absl::Status Validate() const;
};

struct LoadResult {
  Granted granted;    // to the first stream
  int in_flight = 0;  // kClosed: the number that the credits allowed
  Measurement measured;
};

// Blocks for warm-up and duration, and up to ten seconds more for the answers to requests sent by
// then. It ends early, with the measurements so far, once a stop is requested or every stream has
// ended. Returns an error if a stream cannot be opened, or the server does not accept the request.
absl::StatusOr<LoadResult> RunLoad(const LoadOptions& options, std::stop_token stop, Clock& clock);

}  // namespace distill
