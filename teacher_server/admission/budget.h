// Budget: what all streams of a server together may hold in memory.
//
// The configured limit is cut in two. Every stream that the server takes has a reserve, enough for
// one message and its answer, so an idle stream can always be heard; the rest is a pool that
// streams share. A stream that holds something reads on only where the pool has room for one more
// message and its answer: else it is not read (back-pressure), and called when there is room again.
// So whatever clients send, and however slowly they read, the sum stays within the limit.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "common/base/mutex.h"

namespace distill {

struct BudgetLimits {
  int64_t bytes = 0;         // of all streams: reserves and pool
  int64_t samples = 0;       // in flight, of all streams; each may go beyond it by one request
  int64_t stream_bytes = 0;  // a stream's reserve: the most that one message and its answer take
  int64_t max_streams = 0;
};

// Thread-safe. Each share keeps it alive: an answer can come to a stream after the server is
// destroyed.
class Budget {
 public:
  explicit Budget(const BudgetLimits& limits);

  // One stream's share; gives everything back when it ends. Not thread-safe: its stream locks.
  class Share {
   public:
    explicit Share(std::shared_ptr<Budget> budget) : budget_(std::move(budget)) {}
    ~Share();
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // What the stream holds in flight now.
    void Hold(int64_t samples, int64_t bytes) { Update(samples, bytes, reading_); }

    // Asks to read a message. False: there is no room, and `when_room` is called once, from
    // CallWaiters, when there may be some; those that have waited longest come first. True: room
    // for it is kept until ReadDone().
    bool TryRead(std::function<void()> when_room);
    void ReadDone() { Update(samples_, bytes_, false); }

   private:
    friend class Budget;
    void Update(int64_t samples, int64_t bytes, bool reading);

    const std::shared_ptr<Budget> budget_;
    int64_t samples_ = 0;
    int64_t bytes_ = 0;
    bool reading_ = false;
    uint64_t ticket_ = 0;  // its place among those that wait; 0: none yet
  };

  // Calls those that wait, if there is room. Call it after a stream has given something back, with
  // no stream locked.
  void CallWaiters();

  // The one record of what the server has in flight, of all streams.
  int64_t samples() const;      // received, their answers not written yet
  int64_t bytes() const;        // of those samples' inputs and answers
  int64_t taken_bytes() const;  // and kept for messages that are being read

  int64_t byte_limit() const { return limits_.bytes; }

 private:
  // What a stream takes from the pool.
  int64_t FromPool(int64_t bytes, bool reading) const;

  const BudgetLimits limits_;
  const int64_t pool_;

  mutable Mutex mutex_;
  int64_t pool_used_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t readers_ ABSL_GUARDED_BY(mutex_) = 0;  // streams for whose next message room is kept
  int64_t samples_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t next_ticket_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<uint64_t, std::function<void()>> waiters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace distill
