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
// What it costs, with n requests waiting:
//   - Push, and the removal of a request that is taken, has expired, or whose stream is cancelled,
//     wherever it is in the queue: O(log n) per request. The requests that stay cost nothing.
//   - first_deadline(), batch_independent(), groups(): O(1).
//   - Cursor, and Take up to the last request that it takes: O(1) for each visit of a stream, and
//     for each request in the streams that can hold one which is asked for. Requests in streams of
//     other keys alone are passed over unseen; a stream of several keys is looked through.
//   - A request of s samples is reached within s / quantum + 1 visits of its stream. Take keeps
//     what the visits have saved, so that the next batch need not make them again.
//
// It is not bounded itself: each stream that pushes holds a share of the server's Budget.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "teacher_server/batching/waiting_groups.h"
#include "teacher_server/batching/work.h"

namespace distill {

struct QueuedWork {
  Work work;
  absl::Time enqueued;
  std::string key;  // as Runner::BatchKey: requests with equal keys can be computed together
};

// One waiting request, as the rule that forms batches sees it. It is owned by the queue, and lives
// until it is removed.
struct Waiting {
  int64_t samples = 0;
  // The requests of its key; null: it is batch-independent, and alone in its batch.
  WaitingGroups::Group* group = nullptr;
};

// Not thread-safe: its owner locks.
class FairQueue {
 public:
  class Cursor;

  // `quantum`: samples, ≥ 1. The smaller, the finer streams are mixed within a batch.
  explicit FairQueue(int64_t quantum) : quantum_(quantum) {}
  FairQueue(const FairQueue&) = delete;
  FairQueue& operator=(const FairQueue&) = delete;

  void Push(QueuedWork work);

  // Removes these requests, of this queue and in fair order, and returns them in that order. Their
  // streams pay for them, and the ring moves on to where the last one was; streams whose requests
  // were passed over keep what they have saved.
  std::vector<std::unique_ptr<QueuedWork>> Take(absl::Span<const Waiting* const> requests);

  // Removes the requests whose deadlines have passed by `now`, and returns them, the earliest
  // deadline first. No stream pays for them.
  std::vector<std::unique_ptr<QueuedWork>> RemoveExpired(absl::Time now);

  // Removes all requests of a stream, and returns how many.
  size_t RemoveStream(uint64_t stream);

  bool empty() const { return requests_ == 0; }
  int64_t requests() const { return requests_; }
  int64_t samples() const { return samples_; }

  // The earliest deadline of all that waits.
  absl::Time first_deadline() const {
    return deadlines_.empty() ? absl::InfiniteFuture() : deadlines_.begin()->first.first;
  }

  // How many batch-independent requests wait; the others are in the groups of their keys.
  int64_t batch_independent() const { return batch_independent_; }
  const WaitingGroups& groups() const { return groups_; }

 private:
  struct Entry;
  struct Stream;
  using Entries = std::list<Entry>;
  using Ring = std::list<Stream>;

  // All that the queue looks at after Push, so that the work itself need not be in the cache.
  struct Entry : Waiting {
    std::unique_ptr<QueuedWork> queued;
    absl::Time enqueued;
    absl::Time deadline;
    Ring::iterator stream;
    Entries::iterator self;
    uint64_t number = 0;  // of its arrival
  };

  struct Stream {
    uint64_t id = 0;
    int64_t deficit = 0;
    uint64_t takes = 0;                     // takes_ as of `deficit`
    int64_t samples = 0;                    // that wait
    Entries waiting;                        // in order of arrival; never empty while in the ring
    WaitingGroups::Group* group = nullptr;  // of all its requests, unless they are mixed
    bool mixed = false;                     // they are of several groups, or were
    size_t taking = 0;                      // how many the Take that is under way has yet to reach
  };

  // The stream's deficit after all that was taken.
  int64_t Deficit(const Stream& stream) const;

  // Removes a request, and its stream when it was the last one.
  std::unique_ptr<QueuedWork> Extract(const Entry& request);
  void Forget(Ring::iterator stream);

  // Takes a request out of every index.
  void Unindex(const Entry& request);

  const int64_t quantum_;
  Ring ring_;              // the next stream to be visited is first
  bool visiting_ = false;  // the first one has got its quantum for this visit already
  uint64_t takes_ = 0;     // calls of Take
  absl::flat_hash_map<uint64_t, Ring::iterator> streams_;
  uint64_t pushes_ = 0;
  int64_t requests_ = 0;
  int64_t samples_ = 0;

  int64_t batch_independent_ = 0;
  WaitingGroups groups_;
  // By deadline, then by arrival.
  absl::btree_map<std::pair<absl::Time, uint64_t>, const Entry*> deadlines_;
};

// Goes through what waits in fair order, as far as it is asked to. Valid until the next call to the
// queue that is not const:
//
//   FairQueue::Cursor cursor(queue);
//   while (const Waiting* request = cursor.Next([](const auto* group) { return true; })) { ... }
class FairQueue::Cursor {
 public:
  explicit Cursor(const FairQueue& queue);

  // The next request whose group is wanted, null standing for batch-independent ones; null: there
  // is none. A group that was not wanted must not be wanted later.
  const Waiting* Next(absl::FunctionRef<bool(const WaitingGroups::Group*)> wanted);

  // Visits and requests that it has looked at so far: what it has cost.
  int64_t steps() const { return steps_; }

 private:
  friend class FairQueue;

  // A stream that was reached.
  struct Visit {
    Ring::iterator stream;
    Entries::const_iterator next;  // of its requests, to be served
    int64_t left = 0;              // samples from there on
    int64_t deficit = 0;           // left after what was served
    int64_t passed_over = 0;       // samples that Take's walk served and did not take
  };

  // The next request of a wanted stream. The requests of other streams stay unserved; the deficits
  // of their visits grow, as if the requests had been served and not taken.
  const Entry* Step(absl::FunctionRef<bool(const Stream&)> wanted);

  // Makes the next visit the current one. False: nothing is left to visit.
  bool StartVisit();

  Visit& current() { return visits_[current_]; }

  const FairQueue& queue_;
  Ring::const_iterator unreached_;  // the first stream of the ring without a visit
  bool visiting_;                   // as the queue's, until the first visit
  std::vector<Visit> visits_;       // in the order of the ring
  std::deque<size_t> again_;        // visits that are to be made again, in order
  size_t current_ = 0;
  int64_t steps_ = 0;
};

}  // namespace distill
