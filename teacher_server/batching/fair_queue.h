// FairQueue: the requests that wait for the teacher, bounded in samples and bytes, in an order that
// is fair among streams.
//
// The order is start-time fair queueing (Goyal, Vin, Cheng, "Start-time fair queueing", SIGCOMM
// 1996) with samples as the cost: a stream's request starts where the stream's previous one ended,
// on a virtual time that advances with what is taken. So a stream that sends little is served next,
// however much another one has queued, and streams that always have work get equal shares of
// samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "teacher_server/batching/form_batch.h"
#include "teacher_server/batching/work.h"

namespace distill {

struct QueuedWork {
  Work work;
  absl::Time enqueued;
  int64_t bytes = 0;  // of the inputs
  std::string shape;  // as Waiting::shape
};

// Not thread-safe: its owner locks.
class FairQueue {
 public:
  FairQueue(int64_t max_samples, int64_t max_bytes)
      : max_samples_(max_samples), max_bytes_(max_bytes) {}

  // `work` is moved from only when this returns OK. RESOURCE_EXHAUSTED if it does not fit beside
  // what waits; an empty queue takes a request of any size.
  absl::Status Push(Work&& work, absl::Time now);

  // What waits, in fair order. Valid until the next call that is not const.
  std::vector<Waiting> View() const;

  // Removes the requests at these positions of View(), ascending, and returns them.
  std::vector<QueuedWork> Take(absl::Span<const size_t> positions);

  // Removes all requests of a stream, and returns how many.
  size_t RemoveStream(uint64_t stream);

  bool empty() const { return queue_.empty(); }
  int64_t samples() const { return samples_; }
  int64_t bytes() const { return bytes_; }

 private:
  // Virtual start, in samples; and the order of arrival, where starts are equal.
  using Key = std::pair<int64_t, uint64_t>;
  struct Stream {
    int64_t finish = 0;  // virtual end of its last request
    size_t waiting = 0;
  };

  // Drops the state of streams that would start at the virtual time anyway.
  void ForgetIdleStreams();

  const int64_t max_samples_;
  const int64_t max_bytes_;
  std::map<Key, QueuedWork> queue_;
  absl::flat_hash_map<uint64_t, Stream> streams_;
  int64_t virtual_time_ = 0;
  uint64_t arrivals_ = 0;
  int64_t samples_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace distill
