// Measurement: what a load came to, from the outcomes of its requests. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "tests/bench/percentiles.h"

namespace distill {

// Of one request.
struct Outcome {
  // When it was due: in a closed loop when it was sent, in an open loop by the schedule, so that a
  // load tool that falls behind does not hide it.
  absl::Time scheduled;
  absl::Time arrived = absl::InfiniteFuture();  // InfiniteFuture: never
  absl::StatusCode code = absl::StatusCode::kOk;
  int64_t samples = 0;
  int64_t bytes_sent = 0;  // on the wire
  int64_t bytes_received = 0;
  absl::Duration queue;  // as the server reported it
  absl::Duration compute;
};

// The part of a run that counts.
struct Window {
  absl::Time begin;
  absl::Time end;
};

struct Measurement {
  // Of the OK answers. Answers come a batch at a time: the time runs from the first answer after
  // the window's begin to the first after its end (the end itself where none came), so that it
  // holds whole batches, and an answer at either edge is worth no error of a batch.
  double seconds = 0;
  int64_t requests = 0;
  int64_t samples = 0;
  double requests_per_s = 0;
  double samples_per_s = 0;
  double sent_mb_per_s = 0;  // 10^6 bytes
  double received_mb_per_s = 0;
  DurationSummary queue_ms;
  DurationSummary compute_ms;

  // Of the requests that were due within the window, answered then or later. One that never was
  // enters with the time it had waited when the run ended: less than it would have taken.
  DurationSummary latency_ms;
  int64_t unanswered = 0;

  // Answers of another code that came within the window, by the code's name.
  std::map<std::string, int64_t> errors;
};

// `outcomes` in any order; `finished`: when the run gave up waiting.
Measurement Measure(absl::Span<const Outcome> outcomes, const Window& window, absl::Time finished);

}  // namespace distill
