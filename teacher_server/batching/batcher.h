// Batcher: collects requests from many streams into batches, and runs them on the teacher.
//
// Submit() puts a request into a bounded, fair queue (fair_queue.h). One thread forms batches by a
// pure rule (form_batch.h), runs each on the injected Runner, and calls every request's `done`.
#pragma once

#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "teacher_server/batching/fair_queue.h"
#include "teacher_server/batching/form_batch.h"
#include "teacher_server/batching/work.h"
#include "teacher_server/model/runner.h"

namespace distill {

struct BatcherOptions {
  BatchRule rule;
  // What may wait, of all streams together.
  int64_t max_queued_samples = 65536;
  int64_t max_queued_bytes = int64_t{256} << 20;

  // INVALID_ARGUMENT names the field, its value and what is allowed.
  absl::Status Validate() const;
};

// Thread-safe. The runner and the clock must outlive it; the runner is called from its thread
// alone.
class Batcher {
 public:
  Batcher(const BatcherOptions& options, Runner& runner, Clock& clock);

  // Drains.
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  // `work` is moved from only when this returns OK; `done` is then called once (unless its stream
  // is cancelled), never from within Submit. UNAVAILABLE once draining. RESOURCE_EXHAUSTED if the
  // queue is full: `when_room` is then called once, on the batcher's thread, when something has
  // left the queue; streams that wait so are called in order.
  absl::Status Submit(Work&& work, std::function<void()> when_room = nullptr);

  // Drops what waits of this stream, without calling its `done`. What runs already is still
  // answered.
  void CancelStream(uint64_t stream);

  // From now on a batch is formed at once, whatever batch_delay says: nobody else is to come.
  void StopDelaying();

  // Finishes everything that was taken, without waiting for batch_delay any more. Blocks until
  // then.
  void Drain();

 private:
  void Loop();

  // Waits until there is something to answer or to run. False: drained.
  bool NextBatch(std::vector<QueuedWork>& expired, std::vector<QueuedWork>& batch,
                 std::vector<std::function<void()>>& retries);
  void RunBatch(std::vector<QueuedWork> batch);

  const BatcherOptions options_;
  Runner& runner_;
  Clock& clock_;

  Mutex mutex_;
  CondVar changed_;
  FairQueue queue_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::function<void()>> waiting_for_room_ ABSL_GUARDED_BY(mutex_);
  bool delaying_ ABSL_GUARDED_BY(mutex_) = true;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  Mutex joining_;

  std::thread thread_ ABSL_GUARDED_BY(joining_);
};

}  // namespace distill
