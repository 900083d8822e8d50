// TeacherStream: one attempt of one Distill stream to one address.
//
// Lifetime: Start() begins the call; the stream keeps itself alive until the call has ended, and
// its handler with it. A caller's shared_ptr may be dropped at any time. Never reused: the next
// attempt is a new stream, with a connection of its own.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/base/mutex.h"
#include "common/rpc/credentials.h"
#include "common/tensor/bytes.h"
#include "distill/v1/teacher.pb.h"

namespace distill {

// Thread-safe.
class TeacherStream : private grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  // What happens on the stream. Called from gRPC's threads, one call at a time, without a lock of
  // the stream; OnClosed exactly once, last.
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
  // stream RESOURCE_EXHAUSTED. `authority` is the one of the calls, and of the server's
  // certificate; empty: as the target says.
  static std::unique_ptr<TeacherStream> Start(const std::string& target,
                                              const ClientCredentials& credentials,
                                              int64_t max_message_bytes, const v1::Open& open,
                                              std::shared_ptr<Handler> handler,
                                              const std::string& authority = "");

  // Queues a message; one is written at a time. Returns its bytes on the wire. Without effect once
  // the stream is half-closed or ending.
  int64_t Write(const v1::DistillRequest& header, const std::vector<Bytes>& payloads);

  // No more messages after those queued. The server then finishes and ends the stream.
  void HalfClose();

  // Ends the stream now, CANCELLED.
  void Cancel();

 private:
  explicit TeacherStream(std::shared_ptr<Handler> handler) : handler_(std::move(handler)) {}

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  void Dispatch();
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<Handler> handler_;
  std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
  grpc::ByteBuffer received_;  // of the read in progress

  Mutex mutex_;
  std::deque<grpc::ByteBuffer> outgoing_ ABSL_GUARDED_BY(mutex_);  // front: being written
  bool half_closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool writes_done_sent_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;  // no operation may be started any more
};

}  // namespace distill
