#include "student_trainer/pipeline/prefetcher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

constexpr int64_t kMostInABurst = 4;

std::vector<OutputTargets> ByOutput(std::vector<SoftTargets> answers,
                                    const std::vector<AnswerOutput>& outputs) {
  std::vector<OutputTargets> by_output;
  for (size_t i = 0; i < outputs.size(); ++i) {
    OutputTargets& targets = by_output.emplace_back();
    targets.output = outputs[i].output.name;
    for (SoftTargets& answer : answers) targets.answers.push_back(std::move(answer[i]));
  }
  return by_output;
}

}  // namespace

// Guarded by Shared::mutex once it is queued.
struct Prefetcher::PendingBatch {
  TrainingBatch batch;
  std::vector<SoftTargets> targets;  // by request
  std::vector<uint64_t> ids;         // of the requests sent
  size_t missing = 0;                // answers
  int64_t bytes = 0;                 // of inputs and answers
  absl::Time sent;                   // the first request
  bool sending = false;              // a request is on its way to the client, and gets an id
  // kAbandoning: Next() is asking the client whether the teacher is still lost.
  enum class Fate { kWanted, kAbandoning, kAbandoned } fate = Fate::kWanted;
};

Prefetcher::Prefetcher(SoftTargetSource& client, BatchSource& source,
                       const PrefetcherOptions& options, Clock& clock)
    : client_(client),
      source_(source),
      clock_(clock),
      losses_before_(client.stats().losses),
      shared_(std::make_shared<Shared>(options)) {
  client_.SetStateListener([shared = shared_] {
    // Next() has asked for the state, under the lock, before this; or it waits already.
    { MutexLock lock(shared->mutex); }
    shared->next_may_go_on.NotifyAll();
  });
  thread_ = std::thread([this] { Run(); });
}

Prefetcher::~Prefetcher() {
  client_.SetStateListener(nullptr);
  Stop();
  thread_.join();
}

void Prefetcher::Stop() {
  {
    MutexLock lock(shared_->mutex);
    shared_->stopped = true;
  }
  shared_->thread_may_go_on.NotifyAll();
  shared_->next_may_go_on.NotifyAll();
}

// ---------------------------------------------------------------------------------- the thread

void Prefetcher::Run() {
  absl::Status end;
  while (true) {
    if (!AwaitRoom()) return;
    absl::StatusOr<std::optional<TrainingBatch>> batch = source_.Next();
    end = batch.status();
    if (!end.ok() || !batch->has_value()) break;
    auto pending = std::make_shared<PendingBatch>();
    pending->batch = **std::move(batch);
    end = SendRequests(pending);
    if (!end.ok()) break;
  }
  {
    MutexLock lock(shared_->mutex);
    shared_->source_end = end;
  }
  shared_->next_may_go_on.NotifyAll();
}

bool Prefetcher::AwaitRoom() {
  MutexLock lock(shared_->mutex);
  if (burst_ == 0 || !shared_->HasMemory()) {
    shared_->room_awaited = true;
    while (!shared_->HasRoom() && !shared_->stopped) {
      shared_->thread_may_go_on.Wait(shared_->mutex);
    }
    shared_->room_awaited = false;
    burst_ = shared_->Burst();
  }
  --burst_;
  return !shared_->stopped;
}

bool Prefetcher::Shared::HasMemory() const {
  return batches.empty() || bytes_ahead + last_batch_bytes <= options.max_bytes_ahead;
}

bool Prefetcher::Shared::HasRoom() const {
  return batches.empty() || (static_cast<int64_t>(batches.size()) < depth.wanted() && HasMemory());
}

int64_t Prefetcher::Shared::Burst() const {
  if (last_batch_bytes == 0) return 1;  // none has been seen yet
  const int64_t beyond =
      std::clamp<int64_t>(options.burst_bytes / last_batch_bytes, 1, kMostInABurst) - 1;
  const int64_t most = std::min(depth.wanted() + beyond, options.max_batches_ahead);
  return std::max<int64_t>(1, most - static_cast<int64_t>(batches.size()));
}

absl::Status Prefetcher::SendRequests(const std::shared_ptr<PendingBatch>& batch) {
  const PrefetcherOptions& options = shared_->options;
  AskedBatch asked{batch->batch.inputs, batch->batch.wanted};
  if (!options.inputs.empty()) asked.inputs = SelectInputs(asked.inputs, options.inputs);
  if (LengthsOf(asked.inputs).empty()) asked.wanted.clear();  // all positions are answered
  ASSIGN_OR_RETURN(
      const RequestCut cut,
      CutIntoRequests(asked, client_.outputs(), options.rows_per_sample, client_.limits()));
  const std::vector<RequestRange>& ranges = cut.ranges;
  batch->bytes = cut.bytes;
  // Sliced before the batch is queued: from then on Next() may take it.
  std::vector<SoftTargetRequest> requests;
  for (const RequestRange& range : ranges) {
    const int64_t position = batch->batch.position + range.begin;
    SoftTargetRequest& request =
        requests.emplace_back(MakeRequest(asked, range, options.rows_per_sample));
    request.temperature = options.temperature;
    request.seed = MixSeed({options.run_seed, static_cast<uint64_t>(batch->batch.epoch),
                            static_cast<uint64_t>(position)});
  }
  bool is_first = false;
  {
    MutexLock lock(shared_->mutex);
    batch->targets.resize(ranges.size());
    batch->missing = ranges.size();
    is_first = shared_->batches.empty();
    shared_->batches.push_back(batch);
    shared_->bytes_ahead += batch->bytes;
    shared_->last_batch_bytes = batch->bytes;
  }
  if (is_first) shared_->next_may_go_on.NotifyAll();  // it waits for the teacher now, not for data
  for (size_t part = 0; part < ranges.size(); ++part) {
    RETURN_IF_ERROR(SendOne(batch, part, ranges[part].samples(), std::move(requests[part])));
  }
  return absl::OkStatus();
}

absl::Status Prefetcher::SendOne(const std::shared_ptr<PendingBatch>& batch, size_t part,
                                 int64_t samples, SoftTargetRequest request) {
  if (!AwaitCredits(*batch, samples)) return absl::OkStatus();
  auto on_answer = [shared = shared_, batch, part, samples,
                    &clock = clock_](absl::StatusOr<SoftTargets> answer) {
    bool thread_may_go_on = false;
    bool next_may_go_on = !answer.ok();
    {
      MutexLock lock(shared->mutex);
      shared->in_flight -= samples;
      thread_may_go_on = shared->in_flight <= shared->in_flight_awaited;
      // An error is the client's end, which Next() reads from the client, or an abandoned request.
      if (answer.ok() && batch->fate != PendingBatch::Fate::kAbandoned) {
        batch->targets[part] = *std::move(answer);
        if (--batch->missing == 0) {
          // Once stopped, the clock may be gone.
          if (!shared->stopped) shared->depth.OnAnswered(clock.Now() - batch->sent);
          next_may_go_on = !shared->batches.empty() && shared->batches.front() == batch;
        }
      }
    }
    if (thread_may_go_on) shared->thread_may_go_on.NotifyAll();
    if (next_may_go_on) shared->next_may_go_on.NotifyAll();
  };
  const absl::StatusOr<uint64_t> id = client_.Send(std::move(request), std::move(on_answer));
  bool is_being_abandoned = false;
  {
    MutexLock lock(shared_->mutex);
    batch->sending = false;
    if (id.ok()) {
      batch->ids.push_back(*id);
    } else {
      shared_->in_flight -= samples;
    }
    is_being_abandoned = batch->fate == PendingBatch::Fate::kAbandoning;
  }
  if (is_being_abandoned) shared_->next_may_go_on.NotifyAll();
  return id.status();
}

bool Prefetcher::AwaitCredits(PendingBatch& batch, int64_t samples) {
  const int64_t credits = client_.limits().credits;
  MutexLock lock(shared_->mutex);
  while (
      !shared_->stopped && batch.fate != PendingBatch::Fate::kAbandoned &&
      (batch.fate == PendingBatch::Fate::kAbandoning || shared_->in_flight + samples > credits)) {
    shared_->in_flight_awaited = credits - samples;
    shared_->thread_may_go_on.Wait(shared_->mutex);
  }
  shared_->in_flight_awaited = -1;
  if (shared_->stopped || batch.fate == PendingBatch::Fate::kAbandoned) return false;
  shared_->in_flight += samples;
  batch.sending = true;
  if (batch.ids.empty()) batch.sent = clock_.Now();
  return true;
}

// ------------------------------------------------------------------------------------------ Next()

absl::StatusOr<std::optional<TargetedBatch>> Prefetcher::Next() {
  while (true) {
    bool complete = false;
    {
      MutexLock lock(shared_->mutex);
      // The client calls back without its lock, so it may be asked under ours; and must be, or a
      // change of its state could fall between the question and the wait.
      RETURN_IF_ERROR(CheckGoingOn());
      if (shared_->batches.empty()) {
        if (shared_->source_end.has_value()) {
          RETURN_IF_ERROR(*shared_->source_end);
          return std::nullopt;
        }
        Wait(shared_->stats.waited_for_data);
        continue;
      }
      PendingBatch& first = *shared_->batches.front();
      complete = first.missing == 0;
      if (!complete && shared_->source_end.has_value() && first.ids.size() < first.targets.size()) {
        return *shared_->source_end;  // a request could not be sent
      }
      if (!complete && (shared_->options.policy != TeacherLossPolicy::kHardLabels ||
                        client_.state() != TeacherState::kLost)) {
        Wait(shared_->stats.waited_for_teacher);
        continue;
      }
    }
    if (complete || AbandonFirst()) return PopFirst();
  }
}

absl::Status Prefetcher::CheckGoingOn() {
  if (shared_->stopped) return absl::CancelledError("the prefetcher is stopped");
  const TeacherState state = client_.state();
  if (state == TeacherState::kFailed || state == TeacherState::kStopped) return client_.status();
  if (shared_->options.policy == TeacherLossPolicy::kFail &&
      client_.stats().losses > losses_before_) {
    return absl::UnavailableError(
        absl::StrCat(client_.last_loss().message(),
                     "; with `on_teacher_loss` wait the run waits until it is back, with "
                     "hard_labels it continues without soft targets"));
  }
  return absl::OkStatus();
}

void Prefetcher::Wait(absl::Duration& waited) {
  const absl::Time begin = clock_.Now();
  shared_->next_may_go_on.Wait(shared_->mutex);
  waited += clock_.Now() - begin;
}

bool Prefetcher::AbandonFirst() {
  std::shared_ptr<PendingBatch> first;
  std::vector<uint64_t> ids;
  {
    MutexLock lock(shared_->mutex);
    first = shared_->batches.front();
    first->fate = PendingBatch::Fate::kAbandoning;  // starts none of its requests while this is set
    while (first->sending) shared_->next_may_go_on.Wait(shared_->mutex);
    ids = first->ids;
  }
  // Not under the lock: the abandoned requests' callbacks take it.
  const bool still_lost = client_.AbandonWhileLost(ids);
  {
    MutexLock lock(shared_->mutex);
    first->fate = still_lost ? PendingBatch::Fate::kAbandoned : PendingBatch::Fate::kWanted;
  }
  shared_->thread_may_go_on.NotifyAll();
  return still_lost;
}

// A batch of which an answer is missing goes without any.
TargetedBatch Prefetcher::PopFirst() {
  TargetedBatch result;
  bool thread_may_go_on = false;
  {
    MutexLock lock(shared_->mutex);
    const std::shared_ptr<PendingBatch> first = std::move(shared_->batches.front());
    shared_->batches.pop_front();
    shared_->bytes_ahead -= first->bytes;
    result.batch = std::move(first->batch);
    if (first->missing == 0) {
      result.targets = ByOutput(std::move(first->targets), client_.outputs());
    }
    PrefetcherStats& stats = shared_->stats;
    const bool has_targets = !result.targets.empty();
    (has_targets ? stats.batches_with_targets : stats.batches_without_targets) += 1;
    (has_targets ? stats.samples_with_targets : stats.samples_without_targets) +=
        result.batch.size();
    MeasureHandOut();
    thread_may_go_on = shared_->room_awaited && shared_->HasRoom();
  }
  if (thread_may_go_on) shared_->thread_may_go_on.NotifyAll();
  return result;
}

void Prefetcher::MeasureHandOut() {
  const absl::Time now = clock_.Now();
  const absl::Duration waited = shared_->stats.waited_for_teacher - waited_until_then_;
  if (handed_out_ != absl::InfinitePast()) {
    shared_->depth.OnHandedOut(now - handed_out_ - waited, waited);
  }
  handed_out_ = now;
  waited_until_then_ += waited;
}

absl::Duration Prefetcher::waited() const { return stats().waited_for_teacher; }

PrefetcherStats Prefetcher::stats() const {
  MutexLock lock(shared_->mutex);
  PrefetcherStats stats = shared_->stats;
  stats.batches_ahead_wanted = shared_->depth.wanted();
  return stats;
}

}  // namespace distill
