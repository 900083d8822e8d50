#include "common/client/session/teacher_connection.h"

#include <unistd.h>

#include <iterator>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"
#include "common/base/status_macros.h"
#include "common/contract/row_mask.h"
#include "common/rpc/address.h"

namespace distill {
namespace {

uint64_t JitterSeed(Clock& clock) {
  return MixSeed(
      {static_cast<uint64_t>(::getpid()), static_cast<uint64_t>(absl::ToUnixNanos(clock.Now()))});
}

// Empty for options that are not valid.
StreamTarget TargetOf(const TeacherClientOptions& options) {
  const absl::StatusOr<Address> address = ParseAddress(options.address);
  if (!address.ok()) return {};
  DialTarget dial = DialTargetOf(*address, options.ip);
  return {.target = std::move(dial.target),
          .authority = std::move(dial.authority),
          .server_name = options.security.server_name};
}

}  // namespace

TeacherConnection::TeacherConnection(const TeacherClientOptions& options, Clock& clock)
    : options_(options),
      name_(options.TeacherName()),
      target_(TargetOf(options)),
      line_is_known_(!MayBeTunnel(target_)),
      clock_(clock),
      backoff_(options.backoff, JitterSeed(clock)) {}

void TeacherConnection::Start(absl::Time give_up) {
  {
    MutexLock lock(mutex_);
    started_ = clock_.Now();
    give_up_ = give_up;
  }
  MutexLock lock(join_mutex_);
  thread_ = std::thread([this] { Run(); });
}

absl::Status TeacherConnection::AwaitFirstStream() {
  MutexLock lock(mutex_);
  while (!has_opened_ && failure_.ok()) changed_.Wait(mutex_);
  return failure_;
}

absl::StatusOr<uint64_t> TeacherConnection::Send(SoftTargetRequest request,
                                                 SoftTargetSource::Callback callback) {
  MutexLock lock(mutex_);
  if (stopping_) return absl::CancelledError("the teacher client is stopped");
  RETURN_IF_ERROR(failure_);
  ASSIGN_OR_RETURN(const int64_t samples,
                   CheckInputs(granted_.model.inputs, request.inputs, options_.lengths()));
  const std::vector<int64_t>& lengths = LengthsOf(request.inputs);
  if (!request.row_mask.empty()) RETURN_IF_ERROR(CheckRowMask(request.row_mask, lengths));
  if (samples > granted_.limits.max_request_samples) {
    return absl::ResourceExhaustedError(absl::StrCat("the number of samples of the request is ",
                                                     samples, "; must be at most ",
                                                     granted_.limits.max_request_samples));
  }
  const int64_t positions = CountSelectedRows(
      request.row_mask, std::accumulate(lengths.begin(), lengths.end(), int64_t{0}));
  const uint64_t id = pending_.Add({.request = std::move(request),
                                    .samples = samples,
                                    .positions = positions,
                                    .callback = std::move(callback)});
  if (phase_ == Phase::kOpen) SendNow(id, pending_.all().at(id));
  return id;
}

void TeacherConnection::SendNow(uint64_t id, PendingRequest& request) {
  if (draining_) return;
  std::vector<Bytes> payloads;
  payloads.reserve(request.request.inputs.size());
  for (const InputBatch& input : request.request.inputs) payloads.push_back(input.values.bytes);
  request.sent_on = stream_number_;
  stats_.bytes_sent += stream_->Write(ToMessage(id, request.request), payloads);
}

// Half-closes, so that the server ends the stream when it has finished what it took.
void TeacherConnection::Drain() {
  if (draining_) return;
  draining_ = true;
  stream_->HalfClose();
}

bool TeacherConnection::AbandonWhileLost(absl::Span<const uint64_t> ids) {
  std::vector<Completion> abandoned;
  {
    MutexLock lock(mutex_);
    if (StateLocked() != TeacherState::kLost) return false;
    for (const uint64_t id : ids) {
      if (pending_.all().count(id) == 0) continue;
      abandoned.push_back(
          {pending_.Take(id).callback, absl::CancelledError("the request was abandoned")});
    }
  }
  for (Completion& completion : abandoned) completion.callback(std::move(completion.result));
  return true;
}

void TeacherConnection::GiveBackUntaken() {
  std::vector<Completion> untaken;
  {
    MutexLock lock(mutex_);
    const TeacherState state = StateLocked();
    if (state != TeacherState::kLost && state != TeacherState::kDraining) return;
    std::vector<uint64_t> ids;
    for (const auto& [id, request] : pending_.all()) {
      if (state == TeacherState::kLost || request.sent_on != stream_number_) ids.push_back(id);
    }
    for (const uint64_t id : ids) {
      untaken.push_back(
          {pending_.Take(id).callback, absl::CancelledError("the teacher did not take it")});
    }
  }
  for (Completion& completion : untaken) completion.callback(std::move(completion.result));
}

void TeacherConnection::FailBreach(const absl::Status& breach) {
  Fail(Annotate(
      absl::InternalError(breach.message()),
      absl::StrCat("the teacher at ", name_, " broke the contract and is dropped for this run")));
}

void TeacherConnection::Fail(absl::Status status) {
  failure_ = std::move(status);
  std::vector<Completion> failed = pending_.FailAll(failure_);
  std::move(failed.begin(), failed.end(), std::back_inserter(completions_));
  changed_.NotifyAll();
}

void TeacherConnection::Deliver() {
  std::vector<Completion> completions;
  std::function<void()> listener;
  {
    MutexLock lock(mutex_);
    completions.swap(completions_);
    const TeacherState state = StateLocked();
    if (state != announced_ || has_news_) listener = listener_;
    announced_ = state;
    has_news_ = false;
  }
  for (Completion& completion : completions) completion.callback(std::move(completion.result));
  if (listener) listener();
}

TeacherState TeacherConnection::StateLocked() const {
  if (!failure_.ok()) return TeacherState::kFailed;
  if (stopping_) return TeacherState::kStopped;
  if (phase_ != Phase::kOpen) return TeacherState::kLost;
  return draining_ ? TeacherState::kDraining : TeacherState::kConnected;
}

bool TeacherConnection::attempted() const {
  MutexLock lock(mutex_);
  return attempted_;
}

bool TeacherConnection::starting() const {
  MutexLock lock(mutex_);
  return starting_ && !has_opened_ && failure_.ok();
}

bool TeacherConnection::may_come_later() const {
  MutexLock lock(mutex_);
  return may_come_later_;
}

TeacherState TeacherConnection::state() const {
  MutexLock lock(mutex_);
  return StateLocked();
}

absl::Status TeacherConnection::status() const {
  MutexLock lock(mutex_);
  switch (StateLocked()) {
    case TeacherState::kConnected:
    case TeacherState::kDraining:
      return absl::OkStatus();
    case TeacherState::kLost:
      return has_opened_ ? last_loss_ : FirstFailure();
    case TeacherState::kFailed:
      return failure_;
    case TeacherState::kStopped:
      break;
  }
  return absl::CancelledError("the teacher client is stopped");
}

absl::Status TeacherConnection::last_loss() const {
  MutexLock lock(mutex_);
  return last_loss_;
}

void TeacherConnection::SetStateListener(std::function<void()> listener) {
  MutexLock lock(mutex_);
  listener_ = std::move(listener);
}

ClientStats TeacherConnection::stats() const {
  MutexLock lock(mutex_);
  return stats_;
}

int64_t TeacherConnection::samples_in_flight() const {
  MutexLock lock(mutex_);
  return pending_.samples();
}

void TeacherConnection::Stop() {
  std::vector<Completion> cancelled;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    stop_measuring_.request_stop();
    cancelled = pending_.FailAll(absl::CancelledError("the teacher client was stopped"));
    // What the server still computes is not needed.
    if (!cancelled.empty() && stream_ != nullptr) stream_->Cancel();
    changed_.NotifyAll();
  }
  for (Completion& completion : cancelled) completion.callback(std::move(completion.result));
  MutexLock lock(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

}  // namespace distill
