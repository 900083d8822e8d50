#include "tests/bench/load_stream.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/client/stream/stream_errors.h"
#include "common/contract/input_spec.h"
#include "common/rpc/convert.h"
#include "common/rpc/credentials.h"

namespace distill {
namespace {

constexpr int kLastCode = 16;  // of google.rpc.Code

absl::StatusOr<std::unique_ptr<TeacherStream>> Dial(
    const TeacherClientOptions& options, std::shared_ptr<TeacherStream::Handler> handler) {
  ASSIGN_OR_RETURN(const ClientCredentials credentials, ReadClientCredentials(options.security));
  v1::Open open;
  open.set_model(options.model);
  open.set_client(options.client_name);
  *open.mutable_targets() = ToProto(options.spec);
  return TeacherStream::Start({.target = options.address}, credentials, options.max_message_bytes,
                              open, std::move(handler));
}

}  // namespace

absl::StatusOr<std::shared_ptr<LoadStream>> LoadStream::Open(const TeacherClientOptions& options,
                                                             OnOutcome on_outcome, Clock& clock) {
  RETURN_IF_ERROR(options.Validate());
  const std::shared_ptr<LoadStream> self(new LoadStream(std::move(on_outcome), clock));
  absl::Status refused;
  {
    MutexLock lock(self->mutex_);
    self->wanted_ = options.spec;
    ASSIGN_OR_RETURN(self->stream_, Dial(options, self));
    const absl::Time deadline = clock.Now() + options.connect_timeout;
    while (!self->opened_ && !self->closed_ && clock.Now() < deadline) {
      clock.WaitUntil(self->changed_, self->mutex_, deadline);
    }
    if (self->opened_) return self;
    refused = self->closed_
                  ? self->end_
                  : absl::UnavailableError(absl::StrCat(
                        "no answer within ", absl::FormatDuration(options.connect_timeout)));
  }
  self->Close();
  return DescribeOpenFailure(options.address, options.security, refused);
}

absl::Status LoadStream::SetRequest(SoftTargetRequest request) {
  ASSIGN_OR_RETURN(const int64_t samples,
                   CheckInputs(granted().model.inputs, request.inputs, Lengths::kEqual));
  const StreamLimits& limits = granted().limits;
  if (samples > limits.max_request_samples) {
    return absl::ResourceExhaustedError(
        absl::StrCat("request_samples ", samples, ": the server takes at most ",
                     limits.max_request_samples, " samples per request"));
  }
  int64_t bytes = 0;
  payloads_.clear();
  for (const InputBatch& input : request.inputs) {
    bytes += static_cast<int64_t>(input.values.bytes.size());
    payloads_.push_back(input.values.bytes);
  }
  if (bytes > limits.max_message_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "request_samples ", samples, ": that is ", bytes,
        " bytes of inputs, and the server takes messages of at most ", limits.max_message_bytes));
  }
  request_.request = std::move(request);
  request_.samples = samples;
  return absl::OkStatus();
}

bool LoadStream::Send(absl::Time scheduled) {
  MutexLock lock(mutex_);
  if (over_) return false;
  const uint64_t id = ++last_id_;
  const int64_t bytes = stream_->Write(ToMessage(id, request_.request), payloads_);
  if (bytes == 0) return false;  // the stream is ending
  in_flight_.emplace(id, Sent{.scheduled = scheduled, .bytes = bytes});
  return true;
}

bool LoadStream::over() const {
  MutexLock lock(mutex_);
  return over_;
}

void LoadStream::Close() {
  std::unique_ptr<TeacherStream> ended;
  std::vector<Outcome> unanswered;
  {
    MutexLock lock(mutex_);
    if (stream_ == nullptr) return;
    over_ = true;
    closing_ = true;
    unanswered = TakeAll();
    if (!closed_) stream_->Cancel();
    while (!closed_) changed_.Wait(mutex_);
    ended = std::move(stream_);
  }
  for (const Outcome& outcome : unanswered) on_outcome_(*this, outcome);
}

// ---------------------------------------------------------------------------- events of the stream

void LoadStream::OnOpened(const v1::Opened& opened) {
  MutexLock lock(mutex_);
  absl::StatusOr<Granted> granted = GrantedFromProto(opened, {{kLogitsOutput, wanted_}});
  if (!granted.ok()) {
    end_ = granted.status();
    return stream_->Cancel();
  }
  granted_ = *std::move(granted);
  opened_ = true;
  changed_.NotifyAll();
}

void LoadStream::OnTargets(const v1::Targets& targets, std::vector<Bytes> payloads,
                           int64_t wire_bytes) {
  std::optional<Outcome> outcome;
  {
    MutexLock lock(mutex_);
    outcome = Take(targets.id());
    if (!outcome.has_value()) return;
    outcome->code = CheckedTargets(targets, payloads, request_, granted_.outputs).status().code();
  }
  outcome->bytes_received = wire_bytes;
  outcome->queue = absl::Microseconds(targets.queue_us());
  outcome->compute = absl::Microseconds(targets.compute_us());
  on_outcome_(*this, *outcome);
}

void LoadStream::OnError(const v1::Error& error) {
  std::optional<Outcome> outcome;
  {
    MutexLock lock(mutex_);
    outcome = Take(error.id());
  }
  if (!outcome.has_value()) return;
  const bool known = error.code() > 0 && error.code() <= kLastCode;
  outcome->code = known ? static_cast<absl::StatusCode>(error.code()) : absl::StatusCode::kUnknown;
  on_outcome_(*this, *outcome);
}

void LoadStream::OnDraining() {
  MutexLock lock(mutex_);
  over_ = true;
  stream_->HalfClose();
}

void LoadStream::OnMalformed(const absl::Status& status) {
  MutexLock lock(mutex_);
  end_ = status;
  stream_->Cancel();
}

void LoadStream::OnClosed(const absl::Status& status) {
  std::vector<Outcome> lost;
  {
    MutexLock lock(mutex_);
    if (end_.ok()) end_ = status;
    if (opened_ && !over_) log::Warning(absl::StrCat("a stream ended: ", end_.ToString()));
    over_ = true;
    lost = TakeAll();
    for (Outcome& outcome : lost) {
      outcome.arrived = clock_.Now();
      outcome.code = end_.ok() ? absl::StatusCode::kUnavailable : end_.code();
    }
  }
  for (const Outcome& outcome : lost) on_outcome_(*this, outcome);
  MutexLock lock(mutex_);
  closed_ = true;
  changed_.NotifyAll();
}

std::optional<Outcome> LoadStream::Take(uint64_t id) {
  const auto found = in_flight_.find(id);
  if (found == in_flight_.end()) {
    if (!closing_) {
      end_ = absl::InternalError(
          absl::StrCat("an answer to request ", id, ", which is not in flight"));
      stream_->Cancel();
    }
    return std::nullopt;
  }
  const Outcome outcome{.scheduled = found->second.scheduled,
                        .arrived = clock_.Now(),
                        .samples = request_.samples,
                        .bytes_sent = found->second.bytes};
  in_flight_.erase(found);
  return outcome;
}

std::vector<Outcome> LoadStream::TakeAll() {
  std::vector<Outcome> outcomes;
  for (const auto& [id, sent] : in_flight_) {
    outcomes.push_back(
        {.scheduled = sent.scheduled, .samples = request_.samples, .bytes_sent = sent.bytes});
  }
  in_flight_.clear();
  return outcomes;
}

}  // namespace distill
