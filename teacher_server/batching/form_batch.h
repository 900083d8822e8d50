// The rule by which waiting requests become a batch: a pure function of what waits and of the time.
//
// Requests of equal keys are merged, across streams, in the order that the queue finds
// fair. A batch runs when it is full, that is when the next request in order would not fit it, or
// when its oldest request has waited for batch_delay. A batch-independent request is a batch of its
// own and waits for nobody. Of several batches that could run, the one runs whose first request is
// first in order. A request larger than a batch runs alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace distill {

// One waiting request, as far as the rule looks at it.
struct Waiting {
  int64_t samples = 0;
  absl::Time enqueued;
  absl::Time deadline = absl::InfiniteFuture();
  bool batch_independent = false;
  // As Runner::BatchKey: requests with equal keys can be computed together.
  absl::string_view key;
};

struct BatchRule {
  int64_t max_batch_samples = 256;
  absl::Duration batch_delay = absl::Milliseconds(2);
};

// Positions refer to the span that FormBatch was given, ascending.
struct BatchDecision {
  // Their deadline has passed; never part of `take`.
  std::vector<size_t> expired;
  // The batch to run now; empty: none yet.
  std::vector<size_t> take;
  // When nothing is to be done now: the first time at which something is, if nothing else arrives.
  absl::Time look_again = absl::InfiniteFuture();
};

// `waiting`: in fair order.
BatchDecision FormBatch(absl::Span<const Waiting> waiting, const BatchRule& rule, absl::Time now);

}  // namespace distill
