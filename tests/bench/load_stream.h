// LoadStream: one stream of a load, over the students' own TeacherStream.
//
// A TeacherClient would not do: it sends again what failed, drops the teacher at the first error of
// a request, and keeps the server's times to itself. Here a request is sent once, and whatever
// becomes of it is its outcome.
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
#include "common/tensor/bytes.h"
#include "student_trainer/client/granted.h"
#include "student_trainer/client/pending_requests.h"
#include "student_trainer/client/teacher_client.h"
#include "student_trainer/client/teacher_stream.h"
#include "tests/bench/measurement.h"

namespace distill {

// Thread-safe. Close() must be called before the last reference goes.
class LoadStream : public TeacherStream::Handler {
 public:
  // Called from the stream's thread and from Close(), without a lock of the stream; may call Send().
  // What it uses must live until Close() has returned.
  using OnOutcome = std::function<void(LoadStream& stream, const Outcome& outcome)>;

  // Connects with a connection of its own, and blocks until the stream is open. Errors as
  // TeacherClient::Connect has them, but it tries once. The clock must outlive the stream.
  static absl::StatusOr<std::shared_ptr<LoadStream>> Open(const TeacherClientOptions& options,
                                                          OnOutcome on_outcome, Clock& clock);

  const Granted& granted() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return granted_; }

  // What every Send() sends, all of them sharing its memory. Before the first Send().
  // INVALID_ARGUMENT for inputs that are not the teacher's, RESOURCE_EXHAUSTED beyond its limits.
  absl::Status SetRequest(SoftTargetRequest request);

  // Sends the request once more, whatever is in flight; never blocks. `scheduled`: when it was due.
  // False: the stream takes no more, and there will be no outcome.
  bool Send(absl::Time scheduled);

  // Whether it takes no more: it has ended, or the server drains.
  bool over() const;

  // Ends the stream; what is in flight has no answer. Blocks until then. Idempotent.
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

  // The outcome so far of a request in flight, which it takes. An unknown id ends the stream.
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
  bool over_ ABSL_GUARDED_BY(mutex_) = false;     // it takes no more
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;  // by Close()
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;   // nothing will happen on it any more
  absl::Status end_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unordered_map<uint64_t, Sent> in_flight_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<TeacherStream> stream_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace distill
