// TeacherConnection: the inside of TeacherClient. Keeps one stream open, sends again what was not
// answered, and decides when a teacher is lost and when it is dropped.
//
// A thread of its own starts the streams, one after the other; what happens on a stream arrives on
// the stream's thread, marked with the stream's number, and counts only while that stream is the
// current one. Callbacks are collected under the lock and called without it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "common/client/session/backoff.h"
#include "common/client/session/granted.h"
#include "common/client/session/pending_requests.h"
#include "common/client/session/teacher_client.h"
#include "common/client/stream/teacher_stream.h"
#include "distill/v1/teacher.pb.h"

namespace distill {

// Thread-safe. Methods that TeacherClient has too are described there.
class TeacherConnection : public std::enable_shared_from_this<TeacherConnection> {
 public:
  TeacherConnection(const TeacherClientOptions& options, Clock& clock);

  // Starts the thread, which tries to open a first stream until `give_up`. Stop() must be called
  // before the last reference goes.
  void Start(absl::Time give_up);

  // Blocks until the first stream is open, or the error of Connect.
  absl::Status AwaitFirstStream();

  // What the first stream was granted; only once it was open.
  const Granted& granted() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return granted_; }

  absl::StatusOr<uint64_t> Send(SoftTargetRequest request, SoftTargetSource::Callback callback);
  bool AbandonWhileLost(absl::Span<const uint64_t> ids);
  void GiveBackUntaken();
  bool attempted() const;
  bool starting() const;
  bool may_come_later() const;
  TeacherState state() const;
  absl::Status status() const;
  absl::Status last_loss() const;
  void SetStateListener(std::function<void()> listener);
  ClientStats stats() const;
  int64_t samples_in_flight() const;
  void Stop();

 private:
  class StreamEvents;
  enum class Phase { kOpening, kOpen, kClosed };

  // The thread: connection_attempts.cc.
  void Run();
  void MeasureLine(const ClientCredentials& credentials) ABSL_LOCKS_EXCLUDED(mutex_);
  void RunStream(const ClientCredentials& credentials) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AfterStream() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WithoutCredentials(const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status NoAnswerWithin(absl::Duration time) const;
  // Why there is no first stream yet.
  absl::Status FirstFailure() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StayLost(const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountFruitless() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether so many losses were in a row that CountFruitless reports them instead of each.
  bool IsFruitless() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stats_.fruitless_losses >= kFruitlessLosses;
  }
  void WaitToRetry() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Events of stream number `stream`: connection_events.cc.
  void OnOpened(int64_t stream, const v1::Opened& opened);
  void OnTargets(int64_t stream, const v1::Targets& targets, const std::vector<Bytes>& payloads,
                 int64_t wire_bytes);
  void OnError(int64_t stream, const v1::Error& error);
  void OnDraining(int64_t stream);
  void OnMalformed(int64_t stream, const absl::Status& status);
  void OnClosed(int64_t stream, const absl::Status& status);

  // The answer, checked against the request that it names.
  absl::StatusOr<SoftTargets> ReadTargets(int64_t stream, const v1::Targets& targets,
                                          const std::vector<Bytes>& payloads)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status AcceptOpened(const v1::Opened& opened) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Running() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !stopping_ && failure_.ok(); }
  bool IsCurrent(int64_t stream) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stream == stream_number_ && Running();
  }
  void SendNow(uint64_t id, PendingRequest& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Drain() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Drops the teacher; `breach` says what it did against the contract.
  void FailBreach(const absl::Status& breach) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fail(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  TeacherState StateLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Calls what has been collected under the lock. Not while it is held.
  void Deliver() ABSL_LOCKS_EXCLUDED(mutex_);

  const TeacherClientOptions options_;
  const std::string name_;
  StreamTarget target_;         // of the connection's thread
  bool line_is_known_ = false;  // the same
  std::stop_source stop_measuring_;
  Clock& clock_;

  mutable Mutex mutex_;
  CondVar changed_;
  Granted granted_ ABSL_GUARDED_BY(mutex_);  // constant once has_opened_
  bool has_opened_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  absl::Status first_failure_ ABSL_GUARDED_BY(mutex_);  // of the attempts to open a first stream
  bool attempted_ ABSL_GUARDED_BY(mutex_) = false;      // one of them has ended
  bool may_come_later_ ABSL_GUARDED_BY(mutex_) = true;  // as the last of them shows
  bool starting_ ABSL_GUARDED_BY(mutex_) = false;       // the last of them says that the server is
  absl::Status last_loss_ ABSL_GUARDED_BY(mutex_);
  absl::Time started_ ABSL_GUARDED_BY(mutex_);   // the first attempt
  absl::Time give_up_ ABSL_GUARDED_BY(mutex_);   // on the first stream
  absl::Time retry_at_ ABSL_GUARDED_BY(mutex_);  // the next stream

  int64_t stream_number_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<TeacherStream> stream_ ABSL_GUARDED_BY(mutex_);
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kClosed;
  bool was_open_ ABSL_GUARDED_BY(mutex_) = false;  // the current stream
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;  // the current stream: nothing more is sent on it
  absl::Status end_ ABSL_GUARDED_BY(mutex_);       // of the last stream
  Backoff backoff_ ABSL_GUARDED_BY(mutex_);

  PendingRequests pending_ ABSL_GUARDED_BY(mutex_);
  ClientStats stats_ ABSL_GUARDED_BY(mutex_);
  std::vector<Completion> completions_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> listener_ ABSL_GUARDED_BY(mutex_);
  TeacherState announced_ ABSL_GUARDED_BY(mutex_) = TeacherState::kLost;
  bool has_news_ ABSL_GUARDED_BY(mutex_) = false;  // for the listener, besides a change of state

  Mutex join_mutex_;
  std::thread thread_ ABSL_GUARDED_BY(join_mutex_);
};

}  // namespace distill
