// Measurement summarises a load from the outcomes of its requests. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "tests/bench/percentiles.h"

namespace distill {

// The outcome of one request.
struct Outcome {
  // The time when it was due: in a closed loop when it was sent, in an open loop by the schedule,
  // so that a load tool that falls behind does not hide the delay.
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
  // Of the OK answers. Answers come in batches: the time runs from the first answer after the start
  // of the window to the first after its end (the end itself if none came), so that it covers whole
  // batches, and an answer at either edge does not cause an error of a batch.
  double seconds = 0;
  int64_t requests = 0;
  int64_t samples = 0;
  double requests_per_s = 0;
  double samples_per_s = 0;
  double sent_mb_per_s = 0;  // 10^6 bytes
  double received_mb_per_s = 0;
  DurationSummary queue_ms;
  DurationSummary compute_ms;

  // Of the requests that were due within the window, answered then or later. A request that was
  // never answered counts with the time it had waited when the run ended, which is less than it
  // would have taken.
  DurationSummary latency_ms;
  int64_t unanswered = 0;

  // Answers with another code that arrived within the window, by the name of the code.
  std::map<std::string, int64_t> errors;
};

// `outcomes` may be in any order; `finished` is the time when the run stopped waiting.
Measurement Measure(absl::Span<const Outcome> outcomes, const Window& window, absl::Time finished);

}  // namespace distill
