#include "teacher_server/batching/batcher.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

// A batch holds a turn of so many streams where all have much to send.
constexpr int64_t kStreamsABatch = 8;

absl::StatusOr<std::vector<EncodedTargets>> Encode(const Computed& computed, const Work& work) {
  RETURN_IF_ERROR(computed.status());
  const Outputs& outputs = **computed;
  std::vector<EncodedTargets> targets;
  for (const auto& [output, encoding] : work.outputs) {
    ASSIGN_OR_RETURN(EncodedTargets encoded,
                     outputs.Encode(output, {0, outputs.rows(output)}, encoding, work.options));
    targets.push_back(std::move(encoded));
  }
  return targets;
}

}  // namespace

absl::Status BatcherOptions::Validate() const {
  RETURN_IF_ERROR(CheckInRange("max_batch_samples", rule.max_batch_samples, 1, kMaxBatchSamples));
  return CheckInRange("batch_delay", rule.batch_delay, absl::ZeroDuration(), absl::Seconds(10));
}

Batcher::Batcher(const BatcherOptions& options, absl::Span<Runner* const> runners, Clock& clock,
                 BatchObserver* observer)
    : options_(options),
      clock_(clock),
      observer_(observer),
      any_runner_(*runners.front()),
      queue_(std::max<int64_t>(1, options.rule.max_batch_samples / kStreamsABatch)) {
  MutexLock lock(joining_);
  for (Runner* runner : runners) {
    threads_.emplace_back([this, runner] { Loop(*runner); });
  }
}

absl::Status DrainingError() {
  return absl::UnavailableError("the server: it is draining; ask another");
}

Batcher::~Batcher() { Drain(); }

absl::Status Batcher::Submit(Work&& work) {
  const absl::Time now = clock_.Now();
  std::string key = any_runner_.BatchKey(work.request);
  MutexLock lock(mutex_);
  if (draining_) return DrainingError();
  queue_.Push({std::move(work), now, std::move(key)});
  ReportQueue();
  changed_.NotifyAll();
  return absl::OkStatus();
}

void Batcher::ReportQueue() {
  if (observer_ != nullptr) observer_->OnQueue(queue_.requests(), queue_.samples());
}

void Batcher::CancelStream(uint64_t stream) {
  MutexLock lock(mutex_);
  if (queue_.RemoveStream(stream) == 0) return;
  ReportQueue();
  changed_.NotifyAll();
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
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Batcher::Loop(Runner& runner) {
  std::vector<std::unique_ptr<QueuedWork>> expired;
  std::vector<std::unique_ptr<QueuedWork>> batch;
  while (NextBatch(expired, batch)) {
    if (!expired.empty()) AnswerExpired(std::exchange(expired, {}));
    if (!batch.empty()) RunBatch(runner, std::exchange(batch, {}));
  }
}

bool Batcher::NextBatch(std::vector<std::unique_ptr<QueuedWork>>& expired,
                        std::vector<std::unique_ptr<QueuedWork>>& batch) {
  MutexLock lock(mutex_);
  while (true) {
    BatchRule rule = options_.rule;
    if (!delaying_) rule.batch_delay = absl::ZeroDuration();
    const absl::Time now = clock_.Now();
    const BatchDecision decision = FormBatch(queue_, rule, now);
    if (decision.remove_expired) {
      expired = queue_.RemoveExpired(now);
    } else if (!decision.take.empty()) {
      batch = queue_.Take(decision.take);
    } else if (draining_ && queue_.empty()) {
      return false;
    } else {
      clock_.WaitUntil(changed_, mutex_, decision.look_again);
      continue;
    }
    ReportQueue();
    return true;
  }
}

void Batcher::AnswerExpired(std::vector<std::unique_ptr<QueuedWork>> expired) {
  const absl::Time now = clock_.Now();
  for (std::unique_ptr<QueuedWork>& late : expired) {
    late->work.done({absl::DeadlineExceededError("the request's timeout passed while it waited"),
                     now - late->enqueued, absl::ZeroDuration()});
  }
}

void Batcher::RunBatch(Runner& runner, std::vector<std::unique_ptr<QueuedWork>> batch) {
  std::vector<RunnerRequest> requests;
  requests.reserve(batch.size());
  int64_t samples = 0;
  const absl::Time begin = clock_.Now();
  for (std::unique_ptr<QueuedWork>& queued : batch) {
    samples += queued->work.request.samples;
    if (observer_ != nullptr) observer_->OnQueueTime(begin - queued->enqueued);
    requests.push_back(std::move(queued->work.request));
  }
  std::vector<Computed> computed = runner.Run(requests);
  requests.clear();  // the inputs' memory is free before the answers are made
  const absl::Time computed_at = clock_.Now();
  std::vector<absl::StatusOr<std::vector<EncodedTargets>>> answers;
  answers.reserve(batch.size());
  for (size_t i = 0; i < batch.size(); ++i) {
    answers.push_back(Encode(computed[i], batch[i]->work));
    computed[i] = nullptr;
  }
  const absl::Duration compute_time = computed_at - begin;
  if (observer_ != nullptr) {
    observer_->OnBatch(samples, compute_time, clock_.Now() - computed_at);
  }
  for (size_t i = 0; i < batch.size(); ++i) {
    batch[i]->work.done({std::move(answers[i]), begin - batch[i]->enqueued, compute_time});
  }
}

}  // namespace distill
