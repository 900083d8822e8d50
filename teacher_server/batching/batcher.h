// Batcher: collects requests from many streams into batches, and runs them on the teacher.
//
// Submit() puts a request into a fair queue (fair_queue.h). One thread per runner forms batches by
// a pure rule (form_batch.h), runs each on its runner, and calls every request's `done`. Several
// runners compute several batches at once.
#pragma once

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "teacher_server/batching/fair_queue.h"
#include "teacher_server/batching/form_batch.h"
#include "teacher_server/batching/work.h"
#include "teacher_server/runner/runner.h"

namespace distill {

struct BatcherOptions {
  BatchRule rule;

  // INVALID_ARGUMENT names the field, its value and what is allowed.
  absl::Status Validate() const;
};

// UNAVAILABLE: what a draining server answers.
absl::Status DrainingError();

// Hears what the batcher does, from its threads and from Submit's, several at a time; must not
// block.
class BatchObserver {
 public:
  virtual ~BatchObserver() = default;

  // What waits now.
  virtual void OnQueue(int64_t requests, int64_t samples) = 0;

  // A request's time from Submit until its batch was formed.
  virtual void OnQueueTime(absl::Duration queued) = 0;

  // A batch was computed and encoded.
  virtual void OnBatch(int64_t samples, absl::Duration compute, absl::Duration encode) = 0;
};

// Thread-safe. Runners, clock and observer must outlive it; each runner is called from one thread.
// The queue grows with what is submitted: callers bound that (admission/budget.h).
class Batcher {
 public:
  // `runners`: at least one, of one model; null `observer`: none.
  Batcher(const BatcherOptions& options, absl::Span<Runner* const> runners, Clock& clock,
          BatchObserver* observer = nullptr);

  // Drains.
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  // `work` is moved from only when this returns OK; `done` is then called once (unless its stream
  // is cancelled), never from within Submit. UNAVAILABLE once draining.
  absl::Status Submit(Work&& work);

  // Drops what waits of this stream, without calling its `done`. What runs already is still
  // answered.
  void CancelStream(uint64_t stream);

  // From now on a batch is formed at once, whatever batch_delay is: no new requests are expected.
  void StopDelaying();

  // Finishes everything that was taken, without waiting for batch_delay any more. Blocks until
  // then.
  void Drain();

 private:
  void Loop(Runner& runner);

  // Waits until there is something to answer or to run. False: drained.
  bool NextBatch(std::vector<std::unique_ptr<QueuedWork>>& expired,
                 std::vector<std::unique_ptr<QueuedWork>>& batch);
  void AnswerExpired(std::vector<std::unique_ptr<QueuedWork>> expired);
  void RunBatch(Runner& runner, std::vector<std::unique_ptr<QueuedWork>> batch);
  void ReportQueue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const BatcherOptions options_;
  Clock& clock_;
  BatchObserver* const observer_;
  const Runner& any_runner_;  // for what all runners have in common

  Mutex mutex_;
  CondVar changed_;
  FairQueue queue_ ABSL_GUARDED_BY(mutex_);
  bool delaying_ ABSL_GUARDED_BY(mutex_) = true;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  Mutex joining_;

  std::vector<std::thread> threads_ ABSL_GUARDED_BY(joining_);
};

}  // namespace distill
