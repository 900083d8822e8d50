// The rule by which waiting requests become a batch: a pure function of what waits and of the time.
//
// Requests of equal keys are merged, across streams, in the order that the queue finds fair. A
// batch runs when it is full, that is when the next request in order would not fit it, or when its
// oldest request has waited for batch_delay. A batch-independent request is a batch of its own and
// does not wait. Of several batches that could run, the one runs whose first request is first in
// order. A request larger than a batch runs alone.
//
// What a decision costs:
//   - Requests have expired, or no batch can run yet: O(1), whatever waits, be it of many keys or
//     in many streams. Whether a batch can run follows from totals: a key's batch is full when its
//     requests have max_batch_samples together, in whatever order they come.
//   - A batch can run, and all requests are of one key or batch-independent: a step for each
//     request in the batch and one more, and a step for each visit of a stream (fair_queue.h),
//     however much waits behind. Where each request is in a stream of its own, these are as many
//     visits as requests. Requests larger than the quantum make the first batch visit all streams
//     several times; the next batches need not do so again.
//   - A batch can run, and requests of other keys are before or between its own: these are passed
//     over, with a step for each visit of a stream that has only such requests, and with a step for
//     each of them in a stream that has several keys. Those before the batch belong to batches that
//     cannot run yet: they are younger than batch_delay, and less than a full batch per key.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "teacher_server/batching/fair_queue.h"

namespace distill {

struct BatchRule {
  int64_t max_batch_samples = 256;
  absl::Duration batch_delay = absl::Milliseconds(2);
};

struct BatchDecision {
  // Deadlines have passed: those requests are removed before any batch is formed, so that none of
  // them is part of one.
  bool remove_expired = false;
  // The batch to run now, in fair order, for FairQueue::Take; empty: none yet.
  std::vector<const Waiting*> take;
  // When nothing is to be done now: the first time at which something is, if nothing else arrives.
  absl::Time look_again = absl::InfiniteFuture();
  // How many steps the cursor made to find `take`.
  int64_t steps = 0;
};

BatchDecision FormBatch(const FairQueue& queue, const BatchRule& rule, absl::Time now);

}  // namespace distill
