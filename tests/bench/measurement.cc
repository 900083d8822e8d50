#include "tests/bench/measurement.h"

#include <algorithm>
#include <vector>

namespace distill {
namespace {

bool Within(absl::Time time, const Window& window) {
  return window.begin <= time && time < window.end;
}

// From the first OK answer at or after the window's begin to the first at or after its end. Where
// there is none after the end, answers have stopped, and that time counts.
Window AnswersWindow(absl::Span<const Outcome> outcomes, const Window& window,
                     absl::Time finished) {
  absl::Time first_in = absl::InfiniteFuture();
  absl::Time first_behind = absl::InfiniteFuture();
  for (const Outcome& outcome : outcomes) {
    if (outcome.code != absl::StatusCode::kOk) continue;
    if (outcome.arrived >= window.begin) first_in = std::min(first_in, outcome.arrived);
    if (outcome.arrived >= window.end) first_behind = std::min(first_behind, outcome.arrived);
  }
  if (first_behind == absl::InfiniteFuture()) first_behind = std::max(window.end, finished);
  return {first_in, first_behind};
}

}  // namespace

Measurement Measure(absl::Span<const Outcome> outcomes, const Window& window, absl::Time finished) {
  Measurement measured;
  const Window answers = AnswersWindow(outcomes, window, finished);
  std::vector<absl::Duration> latencies, queue, compute;
  int64_t bytes_sent = 0;
  int64_t bytes_received = 0;
  for (const Outcome& outcome : outcomes) {
    const bool ok = outcome.code == absl::StatusCode::kOk;
    if (outcome.arrived == absl::InfiniteFuture()) {
      if (!Within(outcome.scheduled, window)) continue;
      ++measured.unanswered;
      latencies.push_back(finished - outcome.scheduled);
    } else if (!ok) {
      if (Within(outcome.arrived, window)) {
        ++measured.errors[absl::StatusCodeToString(outcome.code)];
      }
    } else {
      if (Within(outcome.scheduled, window)) {
        latencies.push_back(outcome.arrived - outcome.scheduled);
      }
      if (!Within(outcome.arrived, answers)) continue;
      ++measured.requests;
      measured.samples += outcome.samples;
      bytes_sent += outcome.bytes_sent;
      bytes_received += outcome.bytes_received;
      queue.push_back(outcome.queue);
      compute.push_back(outcome.compute);
    }
  }
  measured.latency_ms = Summarize(latencies);
  measured.queue_ms = Summarize(queue);
  measured.compute_ms = Summarize(compute);
  if (measured.requests == 0) return measured;
  measured.seconds = absl::ToDoubleSeconds(answers.end - answers.begin);
  measured.requests_per_s = static_cast<double>(measured.requests) / measured.seconds;
  measured.samples_per_s = static_cast<double>(measured.samples) / measured.seconds;
  measured.sent_mb_per_s = static_cast<double>(bytes_sent) / 1e6 / measured.seconds;
  measured.received_mb_per_s = static_cast<double>(bytes_received) / 1e6 / measured.seconds;
  return measured;
}

}  // namespace distill
