#include "teacher_server/batching/batcher.h"

#include <iterator>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace distill {

absl::Status BatcherOptions::Validate() const {
  if (rule.max_batch_samples < 1 || rule.max_batch_samples > kMaxBatchSamples) {
    return absl::InvalidArgumentError(absl::StrCat("max_batch_samples ", rule.max_batch_samples,
                                                   ": allowed are 1 to ", kMaxBatchSamples));
  }
  if (rule.batch_delay < absl::ZeroDuration() || rule.batch_delay > absl::Seconds(10)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "batch_delay ", absl::FormatDuration(rule.batch_delay), ": allowed are 0s to 10s"));
  }
  if (max_queued_samples < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_queued_samples ", max_queued_samples, ": at least 1"));
  }
  if (max_queued_bytes < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_queue_size ", max_queued_bytes, ": at least 1 byte"));
  }
  return absl::OkStatus();
}

Batcher::Batcher(const BatcherOptions& options, Runner& runner, Clock& clock)
    : options_(options),
      runner_(runner),
      clock_(clock),
      queue_(options.max_queued_samples, options.max_queued_bytes),
      thread_([this] { Loop(); }) {}

Batcher::~Batcher() { Drain(); }

absl::Status Batcher::Submit(Work&& work, std::function<void()> when_room) {
  const absl::Time now = clock_.Now();
  MutexLock lock(mutex_);
  if (draining_) return absl::UnavailableError("the server is draining");
  absl::Status pushed = queue_.Push(std::move(work), now);
  if (!pushed.ok() && when_room) waiting_for_room_.push_back(std::move(when_room));
  changed_.NotifyAll();
  return pushed;
}

void Batcher::CancelStream(uint64_t stream) {
  MutexLock lock(mutex_);
  if (queue_.RemoveStream(stream) > 0) changed_.NotifyAll();
}

void Batcher::StopDelaying() {
  MutexLock lock(mutex_);
  delaying_ = false;
  changed_.NotifyAll();
}

void Batcher::Drain() {
  {
    MutexLock lock(mutex_);
    delaying_ = false;
    draining_ = true;
    changed_.NotifyAll();
  }
  MutexLock lock(joining_);
  if (thread_.joinable()) thread_.join();
}

void Batcher::Loop() {
  std::vector<QueuedWork> expired;
  std::vector<QueuedWork> batch;
  std::vector<std::function<void()>> retries;
  while (NextBatch(expired, batch, retries)) {
    for (const auto& retry : std::exchange(retries, {})) retry();
    const absl::Time now = clock_.Now();
    for (QueuedWork& late : std::exchange(expired, {})) {
      late.work.done({absl::DeadlineExceededError("the request's timeout passed while it waited"),
                      now - late.enqueued, absl::ZeroDuration()});
    }
    if (!batch.empty()) RunBatch(std::exchange(batch, {}));
  }
}

bool Batcher::NextBatch(std::vector<QueuedWork>& expired, std::vector<QueuedWork>& batch,
                        std::vector<std::function<void()>>& retries) {
  MutexLock lock(mutex_);
  while (true) {
    BatchRule rule = options_.rule;
    if (!delaying_) rule.batch_delay = absl::ZeroDuration();
    const BatchDecision decision = FormBatch(queue_.View(), rule, clock_.Now());
    if (decision.take.empty() && decision.expired.empty()) {
      if (queue_.empty()) retries = std::exchange(waiting_for_room_, {});
      if (!retries.empty()) return true;
      if (draining_ && queue_.empty()) return false;
      clock_.WaitUntil(changed_, mutex_, decision.look_again);
      continue;
    }
    // Positions of one view: both kinds are taken at once.
    std::vector<size_t> positions;
    absl::c_merge(decision.expired, decision.take, std::back_inserter(positions));
    std::vector<QueuedWork> taken = queue_.Take(positions);
    for (size_t i = 0; i < taken.size(); ++i) {
      const bool late = absl::c_binary_search(decision.expired, positions[i]);
      (late ? expired : batch).push_back(std::move(taken[i]));
    }
    retries = std::exchange(waiting_for_room_, {});
    return true;
  }
}

void Batcher::RunBatch(std::vector<QueuedWork> batch) {
  std::vector<RunnerRequest> requests;
  requests.reserve(batch.size());
  for (QueuedWork& queued : batch) requests.push_back(std::move(queued.work.request));
  const absl::Time begin = clock_.Now();
  std::vector<absl::StatusOr<EncodedTargets>> answers = runner_.Run(requests);
  const absl::Duration compute_time = clock_.Now() - begin;
  requests.clear();  // The inputs' memory is free before the answers go out.
  for (size_t i = 0; i < batch.size(); ++i) {
    batch[i].work.done({std::move(answers[i]), begin - batch[i].enqueued, compute_time});
  }
}

}  // namespace distill
