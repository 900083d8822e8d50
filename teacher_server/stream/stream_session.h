// StreamSession: the protocol of one Distill stream, as a state machine without threads or
// transport.
//
// Its owner (DistillStream) feeds it with what happened - a message, an answer of the batcher, a
// finished write - and asks it what to do next: read on, write a frame, end the stream. It
// implements the table of errors in teacher.proto: what ends the stream, and what is answered per
// request.
//
// Back-pressure: WantsRead() is false while the stream's samples or bytes in flight are at their
// limits. Every request counts from its arrival until its answer was written, one that is refused
// as at least one sample: so whatever a client sends and however slowly it reads, what the session
// holds is bounded.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "distill/v1/teacher.pb.h"
#include "teacher_server/batching/work.h"
#include "teacher_server/stream/accept_open.h"
#include "teacher_server/stream/served_teacher.h"

namespace distill {

// Not thread-safe: its owner locks.
class StreamSession {
 public:
  explicit StreamSession(std::shared_ptr<const ServedTeachers> teachers);

  // A request that passed every check and waits to be computed; Answer() is owed.
  struct Taken {
    uint64_t id = 0;
    RunnerRequest request;
    EncodeOptions options;
    absl::Time deadline;
  };

  // What a request holds until its answer was written.
  struct Charge {
    int64_t samples = 0;
    int64_t bytes = 0;
  };

  // A frame to write.
  struct Outgoing {
    enum class Kind { kControl, kTargets, kError };
    Kind kind = Kind::kControl;
    grpc::ByteBuffer frame;
    uint64_t id = 0;      // of the request that it answers; not for kControl
    int64_t samples = 0;  // that it answers; kTargets only
    absl::Status error;   // kError only
    Charge charge;        // given back by Written()
  };

  // One message of the client, received at `now`.
  std::optional<Taken> Receive(const grpc::ByteBuffer& frame, absl::Time now);

  // The batcher's answer to a request that Receive returned. Ignored once the stream ends.
  void Answer(uint64_t id, const WorkResult& result);

  // The client has sent its last message.
  void HalfClose();

  // The server drains: tells the client, refuses new requests, and ends when all that was taken is
  // answered.
  void Drain();

  // The peer is gone: nothing more can be read or written.
  void Abort();

  // The stream has waited too long for its open; without effect once it was opened.
  void OpenTimedOut();

  bool WantsRead() const;

  // The next frame, if there is one. After it was written, call Written().
  std::optional<Outgoing> NextWrite();
  void Written(const Outgoing& outgoing);
  // Its write failed: the peer is gone.
  void NotWritten(const Outgoing& outgoing);

  // How to end the stream, once it is time to and no write is under way.
  std::optional<absl::Status> End() const;

  // Null before the stream was opened.
  const ServedTeacher* teacher() const { return teacher_.get(); }
  const StreamTerms* terms() const { return terms_.has_value() ? &*terms_ : nullptr; }
  // Requests whose answers had not been written when the stream ended.
  int64_t dropped() const { return dropped_; }
  int64_t samples_in_flight() const { return samples_in_flight_; }
  int64_t bytes_in_flight() const { return bytes_in_flight_; }

 private:
  void ReceiveOpen(const v1::Open& open, size_t payloads);
  std::optional<Taken> ReceiveRequest(const v1::Request& request,
                                      const std::vector<Bytes>& payloads, absl::Time now);
  // Every check of a request that is answered by an Error.
  absl::Status AnswerTooLarge(int64_t bytes) const;
  absl::StatusOr<RunnerRequest> CheckRequest(const v1::Request& request,
                                             const std::vector<Bytes>& payloads) const;
  absl::Status CheckMask(absl::string_view mask, const RunnerRequest& request) const;
  // The rows of an output in the answer.
  int64_t RowsOf(const RunnerRequest& request, const OutputSpec& output) const;
  int64_t AnswerBytes(const RunnerRequest& request) const;
  void AnswerError(uint64_t id, const absl::Status& status);
  // Changes what a request holds.
  void SetCharge(uint64_t id, Charge charge);
  void EndWith(absl::Status status);

  const std::shared_ptr<const ServedTeachers> teachers_;
  const StreamLimits limits_;
  std::shared_ptr<const ServedTeacher> teacher_;
  std::optional<StreamTerms> terms_;
  // Ids that the client may not use again: until it can have seen the answer, so until the write
  // begins.
  absl::flat_hash_map<uint64_t, Charge> in_flight_;
  std::deque<Outgoing> outgoing_;
  int64_t unwritten_ = 0;  // requests received whose answers were not written yet
  int64_t samples_in_flight_ = 0;
  int64_t bytes_in_flight_ = 0;
  int64_t dropped_ = 0;
  bool half_closed_ = false;
  bool draining_ = false;
  std::optional<absl::Status> end_;
};

}  // namespace distill
