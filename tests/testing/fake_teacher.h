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
#include "absl/types/span.h"
#include "common/rpc/credentials.h"
#include "common/rpc/limits.h"
#include "common/store/served_model.h"
#include "common/tensor/host_tensor.h"
#include "common/tensor/target_spec.h"

namespace distill::testing {

// Logits of one sample from its bytes: multiples of 1/64 in [-4, 4), which every dense encoding but
// bfloat16 holds exactly.
std::vector<float> FakeLogits(absl::Span<const uint8_t> sample, int64_t classes);

// The logits that a FakeTeacher's answer (DENSE_F32, DENSE_F16) holds, row after row.
std::vector<float> DecodeFakeLogits(const EncodedTargets& targets);

struct FakeTeacherOptions {
  // By default one input "x", uint8 [4], and 3 classes.
  ModelInfo model = {.name = "fake",
                     .fingerprint = std::string(64, 'f'),
                     .architecture = "fake",
                     .inputs = {{"x", DType::kUint8, {4}}},
                     .classes = 3,
                     .class_names = {}};
  Numerics numerics = {.runner = "fake", .dtype = "float32", .device = "cpu"};
  StreamLimits limits;
  ServerTls tls;  // as it is at Start()
  // An IP address of this machine to listen on instead of a Unix socket, and its port; 0: any free
  // one, which it keeps. As they are at first.
  std::string host = "";
  int port = 0;
};

// What is wrong with an answer.
enum class AnswerFault {
  kWrongRows,     // one more than asked for, with the bytes for it
  kWrongClasses,  // one more
  kUnknownId,
  kShortPayload,
  kTwice,
  kNoKind,  // an empty message instead
  kErrorUnknownId,
  kNaN,  // in the first payload
};

enum class ReleaseOrder { kAsReceived, kReversed };

// Thread-safe. Not started at first.
class FakeTeacher {
 public:
  struct SeenRequest {
    uint64_t id = 0;
    int64_t samples = 0;
    uint64_t seed = 0;
    float temperature = 0;
    int64_t timeout_us = 0;
    int64_t payload_bytes = 0;
    int stream = 0;  // 1, 2, … in the order of their opens
  };
  struct SeenOpen {
    std::string model;
    std::string client;
    std::string fingerprint;
    std::vector<std::string> class_names;
    bool batch_independent = false;
    std::string authorization;  // metadata
  };

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
  // Block until so many were seen.
  void WaitForRequests(size_t count) const;
  void WaitForOpens(size_t count) const;

 private:
  class Server;
  const std::unique_ptr<Server> server_;
};

}  // namespace distill::testing
