// DistillStream: one open Distill stream; the reactor that gRPC calls.
//
// It owns the stream's protocol state (StreamSession), carries frames between it and gRPC, and
// requests between it and the batcher. At most one read and one write are under way; a read only
// where the server's Budget has room for what it may bring.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "teacher_server/admission/access.h"
#include "teacher_server/admission/budget.h"
#include "teacher_server/metrics/metrics.h"
#include "teacher_server/stream/served_teacher.h"
#include "teacher_server/stream/stream_account.h"
#include "teacher_server/stream/stream_session.h"

namespace distill {

// What a stream uses. What it points to outlives every stream.
struct StreamContext {
  std::shared_ptr<const ServedTeachers> teachers;
  Metrics* metrics = nullptr;
  std::shared_ptr<Budget> budget;
  Clock* clock = nullptr;
  // A stream that was not opened by then is ended: it takes another one's place.
  absl::Duration open_timeout = absl::Seconds(30);
};

// Threads: gRPC's call the reactions, the batcher's brings answers, any calls Drain(). Lifetime: it
// keeps itself alive until gRPC is done with it; answers that come later find it gone.
class DistillStream : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                      public std::enable_shared_from_this<DistillStream> {
 public:
  // Starts to read. `on_done` is called once, with no lock held, when gRPC is done with the stream.
  static std::shared_ptr<DistillStream> Start(StreamContext context, uint64_t id,
                                              std::unique_ptr<Access::Admission> admission,
                                              std::function<void()> on_done);

  // Tells the client that the server drains, and ends when all that was taken is answered.
  void Drain();

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  DistillStream(StreamContext context, uint64_t id, std::unique_ptr<Access::Admission> admission,
                std::function<void()> on_done);

  void Receive(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnOpenTimeout();
  void Submit(StreamSession::Taken taken) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnAnswer(uint64_t request_id, const WorkResult& result);
  void OnRoom();
  // Tells the budget and the metrics what the session holds.
  void Hold() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Starts whatever the session wants next. gRPC's calls are made with the lock held: it never
  // calls back from inside them, and none may come after Finish.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReadOn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Logs and counts the end of the stream, once.
  void Account(const absl::Status& end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Removes the stream's requests from the teacher's queue, once: nothing reads their answers.
  void DropQueued() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const StreamContext context_;
  const uint64_t id_;
  std::unique_ptr<Access::Admission> admission_;
  const std::function<void()> on_done_;

  Mutex mutex_;
  StreamSession session_ ABSL_GUARDED_BY(mutex_);
  Budget::Share share_ ABSL_GUARDED_BY(mutex_);
  StreamAccount account_ ABSL_GUARDED_BY(mutex_);
  std::optional<StreamSession::Outgoing> writing_ ABSL_GUARDED_BY(mutex_);
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool accounted_ ABSL_GUARDED_BY(mutex_) = false;
  bool dropped_queued_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ByteBuffer incoming_;  // gRPC's while reading_
  grpc::Alarm open_timer_;
  std::shared_ptr<DistillStream> self_;
};

}  // namespace distill
