#include "teacher_server/serving/distill_stream.h"

#include <bit>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "common/base/log.h"
#include "common/rpc/convert.h"

namespace distill {
namespace {

// Of a stream that the server ended: null for one that the client ended or the drain.
std::optional<RejectReason> ReasonOf(const absl::Status& end, bool opened) {
  switch (end.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kCancelled:
      return std::nullopt;
    case absl::StatusCode::kNotFound:
      return RejectReason::kNotFound;
    case absl::StatusCode::kUnavailable:
      return RejectReason::kDraining;
    case absl::StatusCode::kDeadlineExceeded:
      return RejectReason::kExpired;
    default:
      return opened ? RejectReason::kBadMessage : RejectReason::kBadOpen;
  }
}

// Of one request.
RejectReason ReasonOf(const absl::Status& error) {
  switch (error.code()) {
    case absl::StatusCode::kDeadlineExceeded:
      return RejectReason::kExpired;
    case absl::StatusCode::kResourceExhausted:
      return RejectReason::kTooLarge;
    case absl::StatusCode::kUnavailable:
      return RejectReason::kDraining;
    case absl::StatusCode::kInternal:
      return RejectReason::kInternal;
    default:
      return RejectReason::kBadRequest;
  }
}

}  // namespace

std::shared_ptr<DistillStream> DistillStream::Start(StreamContext context, uint64_t id,
                                                    std::unique_ptr<Access::Admission> admission,
                                                    std::function<void()> on_done) {
  std::shared_ptr<DistillStream> stream(
      new DistillStream(std::move(context), id, std::move(admission), std::move(on_done)));
  stream->self_ = stream;
  stream->open_timer_.Set(absl::ToChronoTime(stream->begin_ + stream->context_.open_timeout),
                          [weak = stream->weak_from_this()](bool expired) {
                            const auto late = expired ? weak.lock() : nullptr;
                            if (late != nullptr) late->OnOpenTimeout();
                          });
  MutexLock lock(stream->mutex_);
  stream->Advance();
  return stream;
}

DistillStream::DistillStream(StreamContext context, uint64_t id,
                             std::unique_ptr<Access::Admission> admission,
                             std::function<void()> on_done)
    : context_(std::move(context)),
      id_(id),
      begin_(absl::Now()),
      admission_(std::move(admission)),
      on_done_(std::move(on_done)),
      session_(context_.teachers),
      share_(*context_.budget) {}

void DistillStream::Drain() {
  MutexLock lock(mutex_);
  session_.Drain();
  Advance();
}

void DistillStream::OnReadDone(bool ok) {
  const absl::Time now = context_.clock->Now();
  {
    MutexLock lock(mutex_);
    reading_ = false;
    if (ok) {
      Receive(now);
    } else {
      session_.HalfClose();
    }
    // Counted as held first: the room that was kept for the message is given up after that.
    Hold();
    share_.ReadDone();
    Advance();
  }
  context_.budget->CallWaiters();
}

void DistillStream::Receive(absl::Time now) {
  const auto bytes = static_cast<int64_t>(incoming_.Length());
  std::optional<StreamSession::Taken> taken = session_.Receive(incoming_, now);
  incoming_.Clear();
  if (metrics_ == nullptr && session_.terms() != nullptr) Opened();
  context_.counters->bytes_in += bytes;
  totals_.bytes_in += bytes;
  if (metrics_ != nullptr) metrics_->Received(bytes);
  if (taken.has_value()) Submit(*std::move(taken));
}

void DistillStream::Opened() {
  open_timer_.Cancel();
  const StreamTerms& terms = *session_.terms();
  metrics_ = &context_.metrics->of(session_.teacher()->info.name);
  metrics_->StreamOpened(admission_->token());
  log::Info(log::Line("stream opened", {{"stream", id_},
                                        {"client", terms.client},
                                        {"token", admission_->token()},
                                        {"model", session_.teacher()->info.name},
                                        {"encoding", Name(terms.spec.encoding)},
                                        {"classes_permuted", terms.class_order != nullptr},
                                        {"batch_independent", terms.batch_independent}}));
}

void DistillStream::OnOpenTimeout() {
  MutexLock lock(mutex_);
  session_.OpenTimedOut();
  Advance();
}

void DistillStream::Submit(StreamSession::Taken taken) {
  Work work{.stream = id_, .request = std::move(taken.request), .deadline = taken.deadline};
  // The work may outlive the stream: then nobody waits for its answer.
  work.done = [weak = weak_from_this(), request_id = taken.id](WorkResult result) {
    if (const auto stream = weak.lock()) stream->OnAnswer(request_id, result);
  };
  const absl::Status submitted = session_.teacher()->batcher->Submit(std::move(work));
  if (!submitted.ok()) session_.Answer(taken.id, {submitted, {}, {}});
}

void DistillStream::OnAnswer(uint64_t request_id, const WorkResult& result) {
  {
    MutexLock lock(mutex_);
    if (finished_) return;
    session_.Answer(request_id, result);
    Advance();
  }
  context_.budget->CallWaiters();
}

void DistillStream::OnRoom() {
  MutexLock lock(mutex_);
  Advance();
}

void DistillStream::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    if (ok) {
      Count(*writing_);
      session_.Written(*writing_);
    } else {
      session_.Abort();
    }
    writing_.reset();
    Advance();
  }
  context_.budget->CallWaiters();
}

void DistillStream::Count(const StreamSession::Outgoing& written) {
  const auto bytes = static_cast<int64_t>(written.frame.Length());
  context_.counters->bytes_out += bytes;
  totals_.bytes_out += bytes;
  metrics_->Sent(bytes);
  switch (written.kind) {
    case StreamSession::Outgoing::Kind::kTargets:
      context_.counters->samples_served += written.samples;
      ++context_.counters->requests_ok;
      totals_.samples += written.samples;
      ++totals_.requests_ok;
      metrics_->RequestAnswered(written.samples);
      break;
    case StreamSession::Outgoing::Kind::kError:
      CountFailure(written);
      break;
    case StreamSession::Outgoing::Kind::kControl:
      break;
  }
}

void DistillStream::CountFailure(const StreamSession::Outgoing& error) {
  ++context_.counters->requests_failed;
  metrics_->RequestFailed();
  metrics_->Rejected(ReasonOf(error.error));
  // The 1st, 2nd, 4th, 8th …: a client that is wrong once is wrong often.
  if (!std::has_single_bit(static_cast<uint64_t>(++totals_.requests_failed))) return;
  log::Warning(log::Line("request failed", {{"stream", id_},
                                            {"request", error.id},
                                            {"failed_so_far", totals_.requests_failed},
                                            {"code", absl::StatusCodeToString(error.error.code())},
                                            {"message", error.error.message()}}));
}

void DistillStream::CountEnd(const absl::Status& end) {
  context_.counters->requests_dropped += session_.dropped();
  const std::optional<RejectReason> reason = ReasonOf(end, metrics_ != nullptr);
  if (metrics_ != nullptr) {
    metrics_->RequestsDropped(session_.dropped());
    metrics_->StreamClosed();
    if (reason.has_value()) metrics_->Rejected(*reason);
  } else if (reason.has_value()) {
    context_.metrics->Rejected(*reason);
  }
  const std::string line =
      log::Line("stream ended", {{"stream", id_},
                                 {"client", metrics_ != nullptr ? session_.terms()->client : ""},
                                 {"token", admission_->token()},
                                 {"code", absl::StatusCodeToString(end.code())},
                                 {"message", end.message()},
                                 {"requests_ok", totals_.requests_ok},
                                 {"requests_failed", totals_.requests_failed},
                                 {"requests_dropped", session_.dropped()},
                                 {"samples", totals_.samples},
                                 {"bytes_in", totals_.bytes_in},
                                 {"bytes_out", totals_.bytes_out},
                                 {"seconds", absl::ToDoubleSeconds(absl::Now() - begin_)}});
  if (reason.has_value() || session_.dropped() > 0) {
    log::Warning(line);
  } else {
    log::Info(line);
  }
}

void DistillStream::Hold() {
  const StreamSession::Charge now{session_.samples_in_flight(), session_.bytes_in_flight()};
  share_.Hold(now.samples, now.bytes);
  context_.metrics->AddInFlight(now.bytes - held_.bytes, now.samples - held_.samples);
  held_ = now;
}

void DistillStream::OnCancel() {
  {
    MutexLock lock(mutex_);
    session_.Abort();
    Advance();
  }
  context_.budget->CallWaiters();
}

void DistillStream::Advance() {
  if (finished_) return;
  if (!writing_.has_value()) {
    writing_ = session_.NextWrite();
    if (writing_.has_value()) StartWrite(&writing_->frame);
  }
  Hold();
  if (!writing_.has_value()) {
    if (const std::optional<absl::Status> end = session_.End()) {
      finished_ = true;
      CountEnd(*end);
      Finish(ToGrpc(*end));
      return;
    }
  }
  ReadOn();
}

void DistillStream::ReadOn() {
  if (reading_ || !session_.WantsRead()) return;
  reading_ = share_.TryRead([weak = weak_from_this()] {
    if (const auto stream = weak.lock()) stream->OnRoom();
  });
  if (reading_) StartRead(&incoming_);
}

void DistillStream::OnDone() {
  {
    MutexLock lock(mutex_);
    if (session_.teacher() != nullptr) session_.teacher()->batcher->CancelStream(id_);
  }
  open_timer_.Cancel();
  admission_.reset();  // its place is free
  const std::shared_ptr<DistillStream> self = std::move(self_);
  on_done_();
}

}  // namespace distill
