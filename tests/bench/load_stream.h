// LoadStream is one stream of a load, over the TeacherStream of students.
//
// A TeacherClient is not suitable: it sends failed requests again, drops the teacher at the first
// error of a request, and does not expose the times of the server. Here a request is sent once, and
// its outcome is recorded.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "common/client/session/granted.h"
#include "common/client/session/pending_requests.h"
#include "common/client/session/teacher_client.h"
#include "common/client/stream/teacher_stream.h"
#include "common/tensor/bytes.h"
#include "tests/bench/measurement.h"

namespace distill {

// Thread-safe. Close() must be called before the last reference is destroyed.
class LoadStream : public TeacherStream::Handler {
 public:
  // Called from the thread of the stream and from Close(), without a lock of the stream; may call
  // Send(). Everything it uses must exist until Close() has returned.
  using OnOutcome = std::function<void(LoadStream& stream, const Outcome& outcome)>;

  // Connects with its own connection, and blocks until the stream is open. Errors are those of
  // TeacherClient::Connect, but it tries only once. The clock must outlive the stream.
  static absl::StatusOr<std::shared_ptr<LoadStream>> Open(const TeacherClientOptions& options,
                                                          OnOutcome on_outcome, Clock& clock);

  const Granted& granted() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return granted_; }

  // Sets the request that every Send() sends, sharing its memory. Must be called before the first
  // Send(). Returns INVALID_ARGUMENT for inputs that do not fit the teacher, and RESOURCE_EXHAUSTED
  // if they exceed its limits.
  absl::Status SetRequest(SoftTargetRequest request);

  // Sends the request once more, regardless of the requests in flight; never blocks. `scheduled` is
  // the time when it was due. Returns false if the stream accepts no more requests; there will be
  // no outcome.
  bool Send(absl::Time scheduled);

  // Returns whether the stream accepts no more requests: it has ended, or the server drains.
  bool over() const;

  // Ends the stream; requests in flight get no answer. Blocks until then. Idempotent.
  void Close();

 private:
  struct Sent {
    absl::Time scheduled;
    int64_t bytes = 0;
  };

  LoadStream(OnOutcome on_outcome, Clock& clock)
      : on_outcome_(std::move(on_outcome)), clock_(clock) {}

  void OnOpened(const v1::Opened& opened) override;
  void OnTargets(const v1::Targets& targets, std::vector<Bytes> payloads,
                 int64_t wire_bytes) override;
  void OnError(const v1::Error& error) override;
  void OnDraining() override;
  void OnMalformed(const absl::Status& status) override;
  void OnClosed(const absl::Status& status) override;

  // Removes and returns the outcome so far of a request in flight. An unknown id ends the stream.
  std::optional<Outcome> Take(uint64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<Outcome> TakeAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const OnOutcome on_outcome_;
  Clock& clock_;
  // Constant from the first Send() on.
  PendingRequest request_;
  std::vector<Bytes> payloads_;

  mutable Mutex mutex_;
  CondVar changed_;
  TargetSpec wanted_ ABSL_GUARDED_BY(mutex_);
  Granted granted_ ABSL_GUARDED_BY(mutex_);  // constant once opened_
  bool opened_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;     // it accepts no more requests
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;  // by Close()
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;   // no more events will follow
  absl::Status end_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unordered_map<uint64_t, Sent> in_flight_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<TeacherStream> stream_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace distill
