// LoadRun: drives a teacher server with streams of requests for a while, in a closed or an open
// loop.
#pragma once

#include <cstdint>
#include <stop_token>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "student_trainer/client/granted.h"
#include "student_trainer/client/teacher_client.h"
#include "tests/bench/measurement.h"

namespace distill {

enum class LoadMode {
  kClosed,  // so many requests in flight: each answer lets the next request go
  kOpen,    // requests go on schedule, whatever the answers do
};

struct LoadOptions {
  TeacherClientOptions client;  // the target, the model, the encoding
  int streams = 1;
  int64_t request_samples = 256;
  int64_t length = 0;  // of inputs of variable length
  LoadMode mode = LoadMode::kClosed;
  int in_flight = 4;  // kClosed: requests a stream, if the credits allow
  double rate = 0;    // kOpen: requests a second over all streams
  absl::Duration warmup = absl::Seconds(1);
  absl::Duration duration = absl::Seconds(5);
  uint64_t seed = 0;

  // INVALID_ARGUMENT names the option, its value and what is allowed.
  absl::Status Validate() const;
};

struct LoadResult {
  Granted granted;    // to the first stream
  int in_flight = 0;  // kClosed: what the credits allowed
  Measurement measured;
};

// Blocks for warm-up and duration, and up to ten seconds more for the answers to what was sent by
// then. Ends early, with what was measured, once a stop is requested or every stream has ended.
// Errors where a stream cannot be opened, or the request is not one that the server takes.
absl::StatusOr<LoadResult> RunLoad(const LoadOptions& options, std::stop_token stop, Clock& clock);

}  // namespace distill
