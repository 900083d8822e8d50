#include "student_trainer/client/teacher_connection.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "common/base/status_macros.h"
#include "common/rpc/convert.h"
#include "student_trainer/client/stream_errors.h"

namespace distill {
namespace {

// How long Stop() lets a server finish a stream without requests.
constexpr absl::Duration kStopGrace = absl::Seconds(2);

v1::Open OpenMessage(const TeacherClientOptions& options) {
  v1::Open open;
  open.set_model(options.model);
  open.set_client(options.client_name);
  *open.mutable_targets() = ToProto(options.spec);
  open.mutable_class_names()->Assign(options.class_names.begin(), options.class_names.end());
  open.set_batch_independent(options.batch_independent);
  return open;
}

uint64_t JitterSeed(Clock& clock) {
  return MixSeed(
      {static_cast<uint64_t>(::getpid()), static_cast<uint64_t>(absl::ToUnixNanos(clock.Now()))});
}

}  // namespace

// Hands a stream's events on, with its number.
class TeacherConnection::StreamEvents : public TeacherStream::Handler {
 public:
  StreamEvents(std::shared_ptr<TeacherConnection> connection, int64_t stream)
      : connection_(std::move(connection)), stream_(stream) {}

  void OnOpened(const v1::Opened& opened) override { connection_->OnOpened(stream_, opened); }
  void OnTargets(const v1::Targets& targets, std::vector<Bytes> payloads,
                 int64_t wire_bytes) override {
    connection_->OnTargets(stream_, targets, payloads, wire_bytes);
  }
  void OnError(const v1::Error& error) override { connection_->OnError(stream_, error); }
  void OnDraining() override { connection_->OnDraining(stream_); }
  void OnMalformed(const absl::Status& status) override {
    connection_->OnMalformed(stream_, status);
  }
  void OnClosed(const absl::Status& status) override { connection_->OnClosed(stream_, status); }

 private:
  const std::shared_ptr<TeacherConnection> connection_;
  const int64_t stream_;
};

TeacherConnection::TeacherConnection(const TeacherClientOptions& options, Clock& clock)
    : options_(options), clock_(clock), backoff_(options.backoff, JitterSeed(clock)) {}

void TeacherConnection::Start() {
  MutexLock lock(join_mutex_);
  thread_ = std::thread([this] { Run(); });
}

absl::Status TeacherConnection::AwaitFirstStream() {
  MutexLock lock(mutex_);
  while (!has_opened_ && failure_.ok()) changed_.Wait(mutex_);
  return failure_;
}

// ------------------------------------------------------------------------------------- the thread

void TeacherConnection::Run() {
  {
    MutexLock lock(mutex_);
    give_up_ = clock_.Now() + options_.connect_timeout;
  }
  while (true) {
    std::unique_ptr<TeacherStream> ended;
    const absl::StatusOr<ClientCredentials> credentials = ReadClientCredentials(options_.security);
    {
      MutexLock lock(mutex_);
      if (!Running()) break;
      if (credentials.ok()) {
        RunStream(*credentials);
        AfterStream();
      } else {
        WithoutCredentials(credentials.status());
      }
      ended = std::move(stream_);
    }
    ended.reset();  // not under the lock: it may wait for gRPC's threads
    Deliver();
    MutexLock lock(mutex_);
    WaitToRetry();
  }
  Deliver();
}

// Returns when the stream has ended, which it soon does once the connection is stopping or has
// failed.
void TeacherConnection::RunStream(const ClientCredentials& credentials) {
  v1::Open open = OpenMessage(options_);
  if (has_opened_) open.set_fingerprint(granted_.model.fingerprint);
  ++stream_number_;
  phase_ = Phase::kOpening;
  was_open_ = false;
  draining_ = false;
  const absl::Status before = std::exchange(end_, absl::OkStatus());
  absl::Time opened_by = clock_.Now() + options_.connect_timeout;
  const bool cut_short = !has_opened_ && give_up_ < opened_by;
  if (cut_short) opened_by = give_up_;
  stream_ =
      TeacherStream::Start(options_.address, credentials, options_.max_message_bytes, open,
                           std::make_shared<StreamEvents>(shared_from_this(), stream_number_));

  while (phase_ != Phase::kClosed && Running()) {
    if (phase_ == Phase::kOpen) {
      changed_.Wait(mutex_);
    } else if (clock_.Now() < opened_by) {
      clock_.WaitUntil(changed_, mutex_, opened_by);
    } else {
      break;
    }
  }
  const bool timed_out = phase_ == Phase::kOpening && Running();
  if (stopping_ && failure_.ok() && phase_ == Phase::kOpen) {
    stream_->HalfClose();
    const absl::Time deadline = clock_.Now() + kStopGrace;
    while (phase_ != Phase::kClosed && clock_.Now() < deadline) {
      clock_.WaitUntil(changed_, mutex_, deadline);
    }
  }
  if (phase_ != Phase::kClosed) stream_->Cancel();
  while (phase_ != Phase::kClosed) changed_.Wait(mutex_);
  if (timed_out && !was_open_) {
    end_ = absl::UnavailableError(
        absl::StrCat("no answer within ", absl::FormatDuration(options_.connect_timeout)));
    // Connect ran out of time: how the attempt before this one ended tells more.
    if (cut_short && !before.ok()) end_ = before;
  }
}

// Whether to go on after a stream that ended by itself.
void TeacherConnection::AfterStream() {
  if (!Running()) return;
  retry_at_ = clock_.Now() + backoff_.Next();
  if (was_open_) {
    if (IsLoss(end_)) return;
    return Fail(absl::Status(end_.code(), absl::StrCat("the teacher at ", options_.address,
                                                       " ended the stream: ", end_.message())));
  }
  const absl::Status failure = DescribeOpenFailure(options_.address, options_.security, end_);
  if (has_opened_) {
    if (IsTlsRefusal(end_) || IsFull(end_)) StayLost(failure);
    if (IsLoss(end_) || IsFull(end_)) return;
  } else if (IsRetryableOpen(end_) && retry_at_ < give_up_) {
    return;
  }
  Fail(failure);
}

// Once a teacher was reached its files were good, and what is wrong with them now may be a rotation
// that is half done: they are read again with every attempt.
void TeacherConnection::WithoutCredentials(const absl::Status& why) {
  if (!has_opened_) return Fail(why);
  retry_at_ = clock_.Now() + backoff_.Next();
  StayLost(absl::UnavailableError(absl::StrCat("cannot connect again to the teacher at ",
                                               options_.address, ": ", why.message())));
}

// Says once what stands in the way of a new stream, where somebody may have to do something.
void TeacherConnection::StayLost(const absl::Status& why) {
  if (why == last_loss_) return;
  last_loss_ = why;
  log::Warning(why.message());
}

void TeacherConnection::WaitToRetry() {
  while (Running() && clock_.Now() < retry_at_) clock_.WaitUntil(changed_, mutex_, retry_at_);
}

// ------------------------------------------------------------------------------ events of a stream

void TeacherConnection::OnOpened(int64_t stream, const v1::Opened& opened) {
  {
    MutexLock lock(mutex_);
    if (!IsCurrent(stream)) return;
    if (phase_ != Phase::kOpening) {
      FailBreach(absl::InternalError("it opened the stream twice"));
    } else if (absl::Status status = AcceptOpened(opened); status.ok()) {
      phase_ = Phase::kOpen;
      was_open_ = true;
      for (auto& [id, request] : pending_.all()) SendNow(id, request);
      changed_.NotifyAll();
    } else if (status.code() == absl::StatusCode::kInternal) {
      FailBreach(status);
    } else {
      Fail(absl::Status(status.code(), absl::StrCat(options_.address, ": ", status.message())));
    }
  }
  Deliver();
}

absl::Status TeacherConnection::AcceptOpened(const v1::Opened& opened) {
  ASSIGN_OR_RETURN(Granted granted, GrantedFromProto(opened, options_.spec));
  if (!has_opened_) {
    if (!options_.class_names.empty() &&
        granted.model.classes != static_cast<int64_t>(options_.class_names.size())) {
      return absl::InternalError(absl::StrCat("Opened.model: ", granted.model.classes,
                                              " classes, where ", options_.class_names.size(),
                                              " were named"));
    }
    granted_ = std::move(granted);
    has_opened_ = true;
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(CheckSameTeacher(
      granted_, granted,
      options_.batch_independent ? SameNumerics::kNeeded : SameNumerics::kNotNeeded));
  ++stats_.reconnects;
  log::Info(absl::StrCat("connected again to the teacher at ", options_.address));
  return absl::OkStatus();
}

void TeacherConnection::OnTargets(int64_t stream, const v1::Targets& targets,
                                  const std::vector<Bytes>& payloads, int64_t wire_bytes) {
  {
    MutexLock lock(mutex_);
    if (!IsCurrent(stream)) return;
    absl::StatusOr<PendingRequest*> request = pending_.Find(targets.id(), stream);
    absl::StatusOr<EncodedTargets> answer =
        request.ok()
            ? CheckedTargets(targets, payloads, **request, granted_.spec, granted_.model.classes)
            : request.status();
    if (answer.ok()) {
      PendingRequest done = pending_.Take(targets.id());
      ++stats_.answers;
      stats_.samples_answered += done.samples;
      stats_.bytes_received += wire_bytes;
      backoff_.Reset();
      completions_.push_back({std::move(done.callback), std::move(answer)});
    } else {
      FailBreach(answer.status());
    }
  }
  Deliver();
}

void TeacherConnection::OnError(int64_t stream, const v1::Error& error) {
  {
    MutexLock lock(mutex_);
    if (!IsCurrent(stream)) return;
    absl::StatusOr<PendingRequest*> request = pending_.Find(error.id(), stream);
    const auto code = static_cast<absl::StatusCode>(error.code());
    if (!request.ok()) {
      FailBreach(request.status());
    } else if (code == absl::StatusCode::kUnavailable) {
      (*request)->sent_on = 0;  // not taken: it goes to the next stream
      Drain();
    } else if (code == absl::StatusCode::kDeadlineExceeded) {
      SendNow(error.id(), **request);
    } else if (error.code() <= 0 || error.code() > 16) {
      FailBreach(absl::InternalError(
          absl::StrCat("an error of code ", error.code(), " for request ", error.id())));
    } else {
      Fail(absl::Status(code, absl::StrCat("the teacher at ", options_.address,
                                           " could not answer a request: ", error.message())));
    }
  }
  Deliver();
}

void TeacherConnection::OnDraining(int64_t stream) {
  MutexLock lock(mutex_);
  if (IsCurrent(stream) && phase_ == Phase::kOpen) Drain();
}

void TeacherConnection::OnMalformed(int64_t stream, const absl::Status& status) {
  {
    MutexLock lock(mutex_);
    if (!IsCurrent(stream)) return;
    FailBreach(status);
  }
  Deliver();
}

void TeacherConnection::OnClosed(int64_t stream, const absl::Status& status) {
  MutexLock lock(mutex_);
  if (stream != stream_number_) return;
  end_ = status;
  phase_ = Phase::kClosed;
  if (was_open_ && Running() && IsLoss(status)) {
    ++stats_.losses;
    last_loss_ = absl::UnavailableError(
        absl::StrCat("the teacher at ", options_.address,
                     " is lost: ", status.ok() ? "it ended the stream" : status.message()));
    log::Warning(absl::StrCat(last_loss_.message(), "; connecting again"));
  }
  changed_.NotifyAll();  // the thread goes on from here, and tells the listener
}

// ---------------------------------------------------------------------------------------- sending

absl::StatusOr<uint64_t> TeacherConnection::Send(SoftTargetRequest request,
                                                 TeacherClient::Callback callback) {
  MutexLock lock(mutex_);
  if (stopping_) return absl::CancelledError("the teacher client is stopped");
  RETURN_IF_ERROR(failure_);
  ASSIGN_OR_RETURN(const int64_t samples, CheckInputs(granted_.model.inputs, request.inputs));
  if (samples > granted_.limits.max_request_samples) {
    return absl::ResourceExhaustedError(absl::StrCat("a request of ", samples,
                                                     " samples; the teacher takes at most ",
                                                     granted_.limits.max_request_samples));
  }
  const uint64_t id = pending_.Add(
      {.request = std::move(request), .samples = samples, .callback = std::move(callback)});
  if (phase_ == Phase::kOpen) SendNow(id, pending_.all().at(id));
  return id;
}

void TeacherConnection::SendNow(uint64_t id, PendingRequest& request) {
  if (draining_) return;
  std::vector<Bytes> payloads;
  payloads.reserve(request.request.inputs.size());
  for (const HostTensor& input : request.request.inputs) payloads.push_back(input.bytes);
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

void TeacherConnection::FailBreach(const absl::Status& breach) {
  Fail(absl::InternalError(
      absl::StrCat("the teacher at ", options_.address,
                   " broke the contract and is dropped for this run: ", breach.message())));
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
    if (const TeacherState state = StateLocked(); state != announced_) {
      announced_ = state;
      listener = listener_;
    }
  }
  for (Completion& completion : completions) completion.callback(std::move(completion.result));
  if (listener) listener();
}

// ------------------------------------------------------------------------------------------ state

TeacherState TeacherConnection::StateLocked() const {
  if (!failure_.ok()) return TeacherState::kFailed;
  if (stopping_) return TeacherState::kStopped;
  return phase_ == Phase::kOpen ? TeacherState::kConnected : TeacherState::kLost;
}

TeacherState TeacherConnection::state() const {
  MutexLock lock(mutex_);
  return StateLocked();
}

absl::Status TeacherConnection::status() const {
  MutexLock lock(mutex_);
  switch (StateLocked()) {
    case TeacherState::kConnected:
      return absl::OkStatus();
    case TeacherState::kLost:
      return last_loss_;
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
    cancelled = pending_.FailAll(absl::CancelledError("the teacher client was stopped"));
    // Nobody waits for what the server still computes.
    if (!cancelled.empty() && stream_ != nullptr) stream_->Cancel();
    changed_.NotifyAll();
  }
  for (Completion& completion : cancelled) completion.callback(std::move(completion.result));
  MutexLock lock(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

}  // namespace distill
