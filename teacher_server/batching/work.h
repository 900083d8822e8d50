// Work: one request on its way through the batcher, and what comes back.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/contract/target_spec.h"
#include "teacher_server/runner/runner.h"

namespace distill {

struct WorkResult {
  // Not OK: a status fit for a client.
  absl::StatusOr<std::vector<EncodedTargets>> targets;  // one per output that was asked for
  absl::Duration queue_time;    // from Submit until its batch was formed
  absl::Duration compute_time;  // of the whole batch; zero if it was not computed
};

struct Work {
  // Whose it is: the queue is fair among streams.
  uint64_t stream = 0;
  RunnerRequest request;
  std::vector<WantedOutput> outputs = {WantedOutput()};
  EncodeOptions options;
  // Answered DEADLINE_EXCEEDED where it still waits by then.
  absl::Time deadline = absl::InfiniteFuture();
  // Called once, on the batcher's thread, unless the stream is cancelled. Must not block.
  absl::AnyInvocable<void(WorkResult)> done;
};

}  // namespace distill
