// TeacherStream: one attempt of one Distill stream to one address.
//
// It has a completion queue and a thread of its own that polls the connection and calls the handler
// as well. gRPC's callback API would do both on different threads: waking them for every message
// takes longer than moving it (docs/performance_notes.md).
//
// Lifetime: Start() begins the call. Never reused: the next attempt is a new stream, with a
// connection of its own.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/base/mutex.h"
#include "common/client/stream/teacher_channel.h"
#include "common/rpc/credentials.h"
#include "common/tensor/bytes.h"
#include "distill/v1/teacher.pb.h"

namespace distill {

// Thread-safe.
class TeacherStream {
 public:
  // What happens on the stream. Called from the stream's thread, one call at a time, without a lock
  // of the stream; OnClosed exactly once, last.
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void OnOpened(const v1::Opened& opened) = 0;
    virtual void OnTargets(const v1::Targets& targets, std::vector<Bytes> payloads,
                           int64_t wire_bytes) = 0;
    virtual void OnError(const v1::Error& error) = 0;
    virtual void OnDraining() = 0;
    // A message that is none of the contract's.
    virtual void OnMalformed(const absl::Status& status) = 0;
    // The call has ended; `status` is the server's, or gRPC's own.
    virtual void OnClosed(const absl::Status& status) = 0;
  };

  // Connects to `target` and sends `open`. An answer of more than `max_message_bytes` ends the
  // stream RESOURCE_EXHAUSTED.
  static std::unique_ptr<TeacherStream> Start(const StreamTarget& target,
                                              const ClientCredentials& credentials,
                                              int64_t max_message_bytes, const v1::Open& open,
                                              std::shared_ptr<Handler> handler);

  // Waits for the end of the call: cancel it first, or let the server end it. Not on the stream's
  // thread.
  ~TeacherStream();

  // Queues a message; one is written at a time. Returns its bytes on the wire. Without effect once
  // the stream is half-closed or ending.
  int64_t Write(const v1::DistillRequest& header, const std::vector<Bytes>& payloads);

  // No more messages after those queued. The server then finishes and ends the stream.
  void HalfClose();

  // Ends the stream now, CANCELLED.
  void Cancel();

 private:
  // What the queue reports; its address in events_ is the operation's tag.
  enum class Event { kStarted, kRead, kWritten, kFinished };
  using Call = grpc::GenericClientAsyncReaderWriter;

  explicit TeacherStream(std::shared_ptr<Handler> handler) : handler_(std::move(handler)) {}

  void Run();
  void OnEvent(Event event, bool ok);
  void OnStarted(bool ok);
  void OnRead(bool ok);
  void OnWritten(bool ok);

  void* TagOf(Event event) { return &events_[static_cast<size_t>(event)]; }
  void ReadNext();
  void Dispatch();
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<Handler> handler_;
  Event events_[4] = {Event::kStarted, Event::kRead, Event::kWritten, Event::kFinished};
  std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<Call> call_;
  grpc::ByteBuffer received_;  // of the read in progress
  grpc::Status status_;        // of the call, once it has finished

  Mutex mutex_;
  std::deque<grpc::ByteBuffer> outgoing_ ABSL_GUARDED_BY(mutex_);  // front: being written
  bool started_ ABSL_GUARDED_BY(mutex_) = false;  // no operation may be started before
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool half_closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool writes_done_sent_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;  // nothing may be written any more

  std::thread thread_;
};

}  // namespace distill
