#include "teacher_server/serving/distill_stream.h"

#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/rpc/convert.h"

namespace distill {
namespace {

void LogOpened(uint64_t id, const StreamTerms& terms) {
  log::Info(absl::StrCat("stream ", id, " opened by '", absl::CHexEscape(terms.client),
                         "': ", Name(terms.spec.encoding),
                         terms.class_order != nullptr ? ", classes permuted" : "",
                         terms.batch_independent ? ", batch-independent" : ""));
}

void LogEnd(uint64_t id, const absl::Status& end, int64_t dropped) {
  const std::string line = absl::StrCat("stream ", id, " ended: ", end.ToString());
  if (dropped > 0) {
    log::Warning(absl::StrCat(line, "; dropped ", dropped, " requests in flight"));
  } else {
    log::Info(line);
  }
}

}  // namespace

std::shared_ptr<DistillStream> DistillStream::Start(StreamContext context, uint64_t id,
                                                    std::function<void()> on_done) {
  std::shared_ptr<DistillStream> stream(
      new DistillStream(std::move(context), id, std::move(on_done)));
  stream->self_ = stream;
  MutexLock lock(stream->mutex_);
  stream->Advance();
  return stream;
}

DistillStream::DistillStream(StreamContext context, uint64_t id, std::function<void()> on_done)
    : context_(std::move(context)),
      id_(id),
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
      context_.counters->bytes_in += static_cast<int64_t>(incoming_.Length());
      const bool was_open = session_.terms() != nullptr;
      std::optional<StreamSession::Taken> taken = session_.Receive(incoming_, now);
      incoming_.Clear();
      if (!was_open && session_.terms() != nullptr) LogOpened(id_, *session_.terms());
      if (taken.has_value()) Submit(*std::move(taken));
    } else {
      session_.HalfClose();
    }
    // Counted as held first: the room that was kept for the message is given up after that.
    share_.Hold(session_.samples_in_flight(), session_.bytes_in_flight());
    share_.ReadDone();
    Advance();
  }
  context_.budget->CallWaiters();
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
  Counters& counters = *context_.counters;
  counters.bytes_out += static_cast<int64_t>(written.frame.Length());
  switch (written.kind) {
    case StreamSession::Outgoing::Kind::kTargets:
      counters.samples_served += written.samples;
      ++counters.requests_ok;
      break;
    case StreamSession::Outgoing::Kind::kError:
      ++counters.requests_failed;
      break;
    case StreamSession::Outgoing::Kind::kControl:
      break;
  }
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
  share_.Hold(session_.samples_in_flight(), session_.bytes_in_flight());
  if (!writing_.has_value()) {
    if (const std::optional<absl::Status> end = session_.End()) {
      finished_ = true;
      context_.counters->requests_dropped += session_.dropped();
      LogEnd(id_, *end, session_.dropped());
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
  const std::shared_ptr<DistillStream> self = std::move(self_);
  on_done_();
}

}  // namespace distill
