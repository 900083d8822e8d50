// WholeView: a plain version of FairQueue and FormBatch that goes through everything that waits for
// each decision. It says what the fast ones must do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "teacher_server/batching/form_batch.h"

namespace distill::testing {

struct PlainRequest {
  uint64_t name = 0;
  uint64_t stream = 0;
  int64_t samples = 0;
  absl::Time enqueued;
  absl::Time deadline = absl::InfiniteFuture();
  bool batch_independent = false;
  std::string key;
};

// Positions are in fair order, ascending.
struct PlainDecision {
  std::vector<size_t> expired;
  std::vector<size_t> take;  // without those that have expired
  absl::Time look_again = absl::InfiniteFuture();
};

PlainDecision Decide(absl::Span<const PlainRequest> in_order, const BatchRule& rule,
                     absl::Time now);

class WholeView {
 public:
  explicit WholeView(int64_t quantum) : quantum_(quantum) {}

  void Push(const PlainRequest& request);
  std::vector<PlainRequest> InOrder() const;
  std::vector<PlainRequest> Take(const std::vector<size_t>& positions);
  std::vector<PlainRequest> Remove(const std::vector<size_t>& positions);
  size_t RemoveStream(uint64_t stream);
  int64_t requests() const;
  int64_t samples() const;

 private:
  struct Stream {
    uint64_t id = 0;
    int64_t deficit = 0;
    std::vector<PlainRequest> waiting;
  };

  struct Place {
    size_t stream = 0;  // position in the ring
    size_t request = 0;
  };

  // The places of the first `count` requests in order. `deficits` becomes what the streams have
  // left then.
  std::vector<Place> Walk(size_t count, std::vector<int64_t>& deficits) const;

  std::vector<PlainRequest> Extract(const std::vector<Place>& places);
  void ForgetEmptyStreams();

  const int64_t quantum_;
  std::vector<Stream> ring_;  // the next to be visited is first
  bool visiting_ = false;     // the first one has got its quantum for this visit already
};

}  // namespace distill::testing
