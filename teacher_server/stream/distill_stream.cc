#include "teacher_server/stream/distill_stream.h"

#include <utility>

#include "absl/time/clock.h"
#include "common/rpc/convert.h"

namespace distill {

std::shared_ptr<DistillStream> DistillStream::Start(StreamContext context, uint64_t id,
                                                    std::unique_ptr<Access::Admission> admission,
                                                    std::function<void()> on_done) {
  std::shared_ptr<DistillStream> stream(
      new DistillStream(std::move(context), id, std::move(admission), std::move(on_done)));
  stream->self_ = stream;
  stream->open_timer_.Set(absl::ToChronoTime(absl::Now() + stream->context_.open_timeout),
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
      admission_(std::move(admission)),
      on_done_(std::move(on_done)),
      session_(context_.teachers),
      share_(context_.budget),
      account_(id, admission_->token(), *context_.metrics) {}

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
    if (finished_) {
      incoming_.Clear();
    } else if (ok) {
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
  if (!account_.opened() && session_.terms() != nullptr) {
    open_timer_.Cancel();
    account_.Opened(*session_.teacher(), *session_.terms());
  }
  account_.Received(bytes);
  if (taken.has_value()) Submit(*std::move(taken));
}

void DistillStream::OnOpenTimeout() {
  MutexLock lock(mutex_);
  if (finished_) return;
  session_.OpenTimedOut();
  Advance();
}

void DistillStream::Submit(StreamSession::Taken taken) {
  Work work{.stream = id_,
            .request = std::move(taken.request),
            .outputs = session_.terms()->wanted(),
            .options = taken.options,
            .deadline = taken.deadline};
  // The work may outlive the stream: its answer is then dropped.
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
      account_.Written(*writing_);
      session_.Written(*writing_);
    } else {
      session_.NotWritten(*writing_);
    }
    writing_.reset();
    Advance();
  }
  context_.budget->CallWaiters();
}

void DistillStream::Hold() {
  share_.Hold(session_.samples_in_flight(), session_.bytes_in_flight());
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
  const std::optional<absl::Status> end = session_.End();
  if (end.has_value() && !end->ok()) DropQueued();
  if (end.has_value() && !writing_.has_value()) {
    finished_ = true;
    // A client that was killed looks like one that has half-closed until OnCancel, which comes
    // before OnDone and makes the session's end CANCELLED.
    if (!end->ok()) Account(*end);
    Finish(ToGrpc(*end));
    return;
  }
  ReadOn();
}

void DistillStream::Account(const absl::Status& end) {
  if (!std::exchange(accounted_, true)) account_.Ended(end, session_.dropped());
}

void DistillStream::DropQueued() {
  if (session_.teacher() == nullptr || std::exchange(dropped_queued_, true)) return;
  session_.teacher()->batcher->CancelStream(id_);
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
    DropQueued();
    Account(session_.End().value_or(absl::OkStatus()));
  }
  open_timer_.Cancel();
  admission_.reset();  // its place is free
  const std::shared_ptr<DistillStream> self = std::move(self_);
  on_done_();
}

}  // namespace distill
