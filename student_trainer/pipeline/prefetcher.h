// Prefetcher: asks the teacher for the soft targets of the batches to come, and hands the batches
// out in their order, with them.
//
// A thread of its own pulls batches from the source, cuts them into requests (request_cut.h) and
// sends these, within the teacher's credits and as many batches ahead as the measured times ask for
// (prefetch_depth.h). Small batches are asked for a few at a time, beyond that: waking threads and
// processes for each would cost the student more than they carry, and the teacher runs the few as
// one. Options bound their number and bytes, so memory is bounded whatever the teacher does.
// Answers arrive on the client's threads, in any order.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "common/client/session/request_cut.h"
#include "common/client/session/soft_target_source.h"
#include "student_trainer/pipeline/batch_loader.h"
#include "student_trainer/pipeline/prefetch_depth.h"
#include "student_trainer/pipeline/targeted_batch.h"
#include "student_trainer/pipeline/teacher_loss_policy.h"

namespace distill {

struct PrefetcherOptions {
  float temperature = 1;
  // A request's seed is a function of this, the epoch, and the position of its first sample.
  uint64_t run_seed = 0;
  TeacherLossPolicy policy = TeacherLossPolicy::kWait;
  // Of the batches pulled from the source and not handed out yet, the least of these holds; one
  // batch there may always be. Bytes are those of inputs and answers, arrived or not; the next
  // batch is taken to be as large as the last.
  int64_t max_batches_ahead = 256;
  int64_t max_bytes_ahead = 256 << 20;
  // As many batches as hold this, but at most 4, are asked for at a time.
  int64_t burst_bytes = 128 << 10;
  // Of logits, that do not have a row per position of samples with lengths.
  int64_t rows_per_sample = 1;
  // The inputs of a batch that the teacher takes, by their indices, in its order; empty: all.
  std::vector<size_t> inputs = {};
};

struct PrefetcherStats {
  int64_t batches_with_targets = 0;
  int64_t batches_without_targets = 0;
  int64_t samples_with_targets = 0;
  int64_t samples_without_targets = 0;
  absl::Duration waited_for_teacher;
  absl::Duration waited_for_data;
  int64_t batches_ahead_wanted = 0;  // by the times measured
};

// Next() is called by one thread; everything else by any.
class Prefetcher : public TargetedBatchSource {
 public:
  // Starts at once. Client, source and clock must outlive it; the source is called by the
  // prefetcher's thread alone. No other prefetcher of the client at the same time.
  Prefetcher(SoftTargetSource& client, BatchSource& source, const PrefetcherOptions& options,
             Clock& clock);
  ~Prefetcher() override;  // as Stop()

  // The next batch, with the answers to its requests in the order of its rows; nullopt after the
  // last. CANCELLED once stopped; UNAVAILABLE by policy kFail; the source's error after the batches
  // before it; the client's status once the teacher is dropped, whatever the policy.
  absl::StatusOr<std::optional<TargetedBatch>> Next() override;

  // The time that Next() has waited for soft targets.
  absl::Duration waited() const override;

  PrefetcherStats stats() const;

  // Makes Next() return CANCELLED, now and from now on. Does not wait for the source.
  void Stop();

 private:
  struct PendingBatch;
  // Shared with the callbacks of requests, which may come after the prefetcher has gone.
  struct Shared {
    explicit Shared(const PrefetcherOptions& options)
        : options(options), depth(options.max_batches_ahead) {}

    bool HasMemory() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
    // Whether fewer are ahead than wanted, and there is memory for another.
    bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
    // How many to pull then, one after the other.
    int64_t Burst() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

    const PrefetcherOptions options;
    Mutex mutex;
    // One thread waits on each; it is notified, without the lock, when that thread can continue.
    CondVar thread_may_go_on;
    CondVar next_may_go_on;
    std::deque<std::shared_ptr<PendingBatch>> batches ABSL_GUARDED_BY(mutex);
    int64_t bytes_ahead ABSL_GUARDED_BY(mutex) = 0;
    int64_t last_batch_bytes ABSL_GUARDED_BY(mutex) = 0;
    PrefetchDepth depth ABSL_GUARDED_BY(mutex);
    int64_t in_flight ABSL_GUARDED_BY(mutex) = 0;  // samples
    // The thread waits until no more than this is in flight; -1: it does not wait for that.
    int64_t in_flight_awaited ABSL_GUARDED_BY(mutex) = -1;
    bool room_awaited ABSL_GUARDED_BY(mutex) = false;  // by the thread
    bool stopped ABSL_GUARDED_BY(mutex) = false;
    // The thread has ended: the source's end (OK), its error, or that of a request.
    std::optional<absl::Status> source_end ABSL_GUARDED_BY(mutex);
    PrefetcherStats stats ABSL_GUARDED_BY(mutex);
  };

  // The thread.
  void Run();
  bool AwaitRoom();  // false once stopped
  absl::Status SendRequests(const std::shared_ptr<PendingBatch>& batch);
  absl::Status SendOne(const std::shared_ptr<PendingBatch>& batch, size_t part, int64_t samples,
                       SoftTargetRequest request);
  // Waits until a request of `samples` fits the credits, counts it, and marks the batch as sending.
  // False: it is not to be sent.
  bool AwaitCredits(PendingBatch& batch, int64_t samples);

  // Parts of Next().
  absl::Status CheckGoingOn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(shared_->mutex);
  // Waits for a change, and adds the time that took.
  void Wait(absl::Duration& waited) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shared_->mutex);
  // Gives the first batch's missing targets up, if the teacher is still lost.
  bool AbandonFirst() ABSL_LOCKS_EXCLUDED(shared_->mutex);
  TargetedBatch PopFirst() ABSL_LOCKS_EXCLUDED(shared_->mutex);
  void MeasureHandOut() ABSL_EXCLUSIVE_LOCKS_REQUIRED(shared_->mutex);

  SoftTargetSource& client_;
  BatchSource& source_;
  Clock& clock_;
  const int64_t losses_before_;
  const std::shared_ptr<Shared> shared_;
  int64_t burst_ = 0;  // batches still to pull in this one; for the thread alone
  // Of the last hand-out; for Next() alone.
  absl::Time handed_out_ = absl::InfinitePast();
  absl::Duration waited_until_then_;
  std::thread thread_;
};

}  // namespace distill
