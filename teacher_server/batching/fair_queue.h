// FairQueue: the requests that wait for the teacher, in an order that is fair among streams.
//
// The order is deficit round robin (Shreedhar, Varghese, "Efficient fair queueing using deficit
// round robin", SIGCOMM 1995) with samples as the cost. Streams that wait are visited in a ring. At
// each visit a stream's deficit grows by a quantum, and its requests leave in the order of their
// arrival as long as the deficit pays for them; what is left over is kept until the next visit, and
// lost when the stream has nothing more to send. So a stream that sends little waits for one
// quantum of each other stream at most, and streams that always have work get equal shares of
// samples, whatever the sizes of their requests.
//
// It is not bounded itself: whoever pushes holds a share of the server's Budget.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "teacher_server/batching/form_batch.h"
#include "teacher_server/batching/work.h"

namespace distill {

struct QueuedWork {
  Work work;
  absl::Time enqueued;
  std::string key;  // as Runner::BatchKey
};

// Not thread-safe: its owner locks.
class FairQueue {
 public:
  // `quantum`: samples, ≥ 1. The smaller, the finer streams are mixed within a batch.
  explicit FairQueue(int64_t quantum) : quantum_(quantum) {}

  void Push(QueuedWork work);

  // What waits, in fair order. Valid until the next call that is not const.
  std::vector<Waiting> View() const;

  // Removes the requests at these positions of View(), ascending, and returns them. Their streams
  // pay for them, and the ring moves on to where the last one was; streams whose requests were
  // passed over keep what they have saved.
  std::vector<QueuedWork> Take(absl::Span<const size_t> positions);

  // Removes them, and nobody pays.
  std::vector<QueuedWork> Remove(absl::Span<const size_t> positions);

  // Removes all requests of a stream, and returns how many.
  size_t RemoveStream(uint64_t stream);

  bool empty() const { return requests_ == 0; }
  int64_t requests() const { return requests_; }
  int64_t samples() const { return samples_; }

 private:
  struct Stream {
    uint64_t id = 0;
    int64_t deficit = 0;
    int64_t samples = 0;             // that wait
    std::deque<QueuedWork> waiting;  // never empty while in the ring
  };
  using Ring = std::list<Stream>;

  // A stream on a walk along the ring.
  struct Visit {
    Ring::iterator stream;
    int64_t deficit = 0;  // left after what was served on the walk
    size_t next = 0;      // of its requests, to be served
  };

  // Visits the streams as they would be served now, and calls `serve` with each request in turn:
  // the visit's position and the request's in its stream. Stops where that returns false. Returns
  // the position of the last visit.
  size_t Walk(std::vector<Visit>& visits, absl::FunctionRef<bool(size_t, size_t)> serve) const;

  // All streams, before the walk.
  std::vector<Visit> Start() const;

  // Removes requests, each a visit's and its position in the stream, ascending in every stream.
  std::vector<QueuedWork> Extract(const std::vector<Visit>& visits,
                                  const std::vector<std::pair<size_t, size_t>>& requests);
  void Forget(Ring::iterator stream);

  const int64_t quantum_;
  Ring ring_;              // the next stream to be visited is first
  bool visiting_ = false;  // the first one has got its quantum for this visit already
  absl::flat_hash_map<uint64_t, Ring::iterator> streams_;
  int64_t requests_ = 0;
  int64_t samples_ = 0;
};

}  // namespace distill
