// FakeTeacher: a teacher server in the test's own process, on a Unix socket or a port, that does
// what a test tells it to. It speaks the protocol through protobuf's ordinary messages, as a plain
// peer would.
//
// Its answers are a function of a sample's bytes alone (FakeLogits), so a test can tell whether
// each sample got the answer that belongs to it, however it was cut and in whatever order it came.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/testing/fake_teacher/fake_logits.h"
#include "tests/testing/fake_teacher/options.h"
#include "tests/testing/fake_teacher/script.h"
#include "tests/testing/fake_teacher/seen.h"

namespace distill::testing {

// Thread-safe. Not started at first.
class FakeTeacher {
 public:
  // The socket lies in a temporary folder of its own.
  explicit FakeTeacher(FakeTeacherOptions options = {});
  ~FakeTeacher();  // as Kill()

  std::string address() const;  // on a port: once it was started
  int port() const;

  // Serves (again). The script and what was seen stay.
  void Start();

  // Ends at once, with every stream, as a process does that is killed.
  void Kill();

  // Tells every stream, answers new requests and opens UNAVAILABLE; streams end once they owe
  // nothing, whether the client has half-closed or not. Until Kill().
  void Drain();

  // The script. Each holds from the next message on.
  void HoldAnswers();
  // Answers what is held, and holds no longer.
  void Release(ReleaseOrder order = ReleaseOrder::kAsReceived);
  // Ends the stream, UNAVAILABLE, after so many more answers, once.
  void DropStreamAfter(int answers);
  void EndStreams(absl::Status status);
  void SpoilNextAnswer(AnswerFault fault);
  void FailNextRequest(absl::Status status);
  void RefuseOpens(absl::Status status);  // OK: accept them
  void IgnoreOpens();                     // no answer at all
  void SetOptions(FakeTeacherOptions options);
  FakeTeacherOptions options() const;

  // What was seen, over all streams.
  std::vector<SeenRequest> requests() const;
  std::vector<SeenOpen> opens() const;
  int64_t most_samples_in_flight() const;  // of one stream
  // Block until so many were seen; fail the test if that takes too long.
  void WaitForRequests(size_t count) const;
  void WaitForOpens(size_t count) const;
  // Waits for a first open, and says whether there is one: for an open that must not come.
  bool SeesOpenWithin(absl::Duration time) const;

 private:
  // The server, its socket and what its streams share; hidden here with protobuf.
  struct Server;
  const std::unique_ptr<Server> server_;
};

}  // namespace distill::testing
