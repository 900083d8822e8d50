#include "common/client/stream/teacher_stream.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/convert.h"
#include "common/rpc/receive_memory.h"
#include "common/rpc/wire.h"

namespace distill {
namespace {

constexpr char kMethod[] = "/distill.v1.Teacher/Distill";
}  // namespace

std::unique_ptr<TeacherStream> TeacherStream::Start(const StreamTarget& target,
                                                    const ClientCredentials& credentials,
                                                    int64_t max_message_bytes, const v1::Open& open,
                                                    std::shared_ptr<Handler> handler) {
  KeepReceiveMemory();
  std::unique_ptr<TeacherStream> stream(new TeacherStream(std::move(handler)));
  stream->channel_ = MakeChannel(target, credentials, max_message_bytes);
  if (!credentials.token.empty()) {
    // Not as call credentials: gRPC takes those with TLS alone, and a socket may do without.
    stream->context_.AddMetadata("authorization", absl::StrCat("Bearer ", credentials.token));
  }
  stream->call_ =
      grpc::GenericStub(stream->channel_).PrepareCall(&stream->context_, kMethod, &stream->queue_);
  v1::DistillRequest first;
  *first.mutable_open() = open;
  stream->Write(first, {});
  stream->call_->StartCall(stream->TagOf(Event::kStarted));
  stream->thread_ = std::thread([raw = stream.get()] { raw->Run(); });
  return stream;
}

TeacherStream::~TeacherStream() {
  if (thread_.joinable()) thread_.join();
}

int64_t TeacherStream::Write(const v1::DistillRequest& header, const std::vector<Bytes>& payloads) {
  grpc::ByteBuffer frame = WriteFrame(header, payloads);
  const int64_t wire_bytes = static_cast<int64_t>(frame.Length());
  MutexLock lock(mutex_);
  if (half_closed_ || ending_) return 0;
  outgoing_.push_back(std::move(frame));
  WriteNext();
  return wire_bytes;
}

void TeacherStream::HalfClose() {
  MutexLock lock(mutex_);
  if (half_closed_ || ending_) return;
  half_closed_ = true;
  WriteNext();
}

void TeacherStream::Cancel() { context_.TryCancel(); }

void TeacherStream::WriteNext() {
  if (!started_ || writing_ || ending_) return;
  if (!outgoing_.empty()) {
    writing_ = true;
    call_->Write(outgoing_.front(), TagOf(Event::kWritten));
  } else if (half_closed_ && !writes_done_sent_) {
    writing_ = writes_done_sent_ = true;
    call_->WritesDone(TagOf(Event::kWritten));
  }
}

void TeacherStream::Run() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) OnEvent(*static_cast<Event*>(tag), ok);
}

void TeacherStream::OnEvent(Event event, bool ok) {
  switch (event) {
    case Event::kStarted:
      return OnStarted(ok);
    case Event::kRead:
      return OnRead(ok);
    case Event::kWritten:
      return OnWritten(ok);
    case Event::kFinished:
      queue_.Shutdown();
      return handler_->OnClosed(FromGrpc(status_));
  }
}

void TeacherStream::OnStarted(bool ok) {
  if (ok) ReadNext();
  MutexLock lock(mutex_);
  started_ = true;
  ok ? WriteNext() : End();
}

void TeacherStream::OnRead(bool ok) {
  if (ok) {
    Dispatch();
    received_.Clear();
    return ReadNext();
  }
  MutexLock lock(mutex_);
  End();
}

void TeacherStream::OnWritten(bool ok) {
  MutexLock lock(mutex_);
  writing_ = false;
  if (!ok) {  // the call is over; the pending read fails, and that ends it
    ending_ = true;
    outgoing_.clear();
    return;
  }
  if (!outgoing_.empty()) outgoing_.pop_front();
  WriteNext();
}

void TeacherStream::ReadNext() { call_->Read(&received_, TagOf(Event::kRead)); }

// Nothing more can be read. A write that is under way completes, in whatever order.
void TeacherStream::End() {
  ending_ = true;
  call_->Finish(&status_, TagOf(Event::kFinished));
}

void TeacherStream::Dispatch() {
  v1::DistillResponse response;
  std::vector<Bytes> payloads;
  if (absl::Status status = ReadFrame(received_, &response, &payloads); !status.ok()) {
    return handler_->OnMalformed(status);
  }
  switch (response.kind_case()) {
    case v1::DistillResponse::kOpened:
      return handler_->OnOpened(response.opened());
    case v1::DistillResponse::kTargets:
      return handler_->OnTargets(response.targets(), std::move(payloads),
                                 static_cast<int64_t>(received_.Length()));
    case v1::DistillResponse::kError:
      return handler_->OnError(response.error());
    case v1::DistillResponse::kDraining:
      return handler_->OnDraining();
    case v1::DistillResponse::KIND_NOT_SET:
      return handler_->OnMalformed(absl::InvalidArgumentError("malformed message: it has no kind"));
  }
}

}  // namespace distill
