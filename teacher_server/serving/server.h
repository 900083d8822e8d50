// TeacherServer: the network side of a teacher server: addresses, limits, health, drain.
//
// This header holds no gRPC type.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/rpc/limits.h"
#include "common/store/served_model.h"
#include "teacher_server/batching/batcher.h"

namespace distill {

struct ServerOptions {
  std::vector<std::string> listen;  // as ParseAddress takes them, at least one
  StreamLimits limits;
  int max_streams = 64;  // open at once

  // INVALID_ARGUMENT names the field, its value and what is allowed.
  absl::Status Validate() const;
};

// What was done since the start. A request counts when the write of its answer completed.
struct ServedCounts {
  int64_t samples_served = 0;  // of requests answered OK
  int64_t requests_ok = 0;
  int64_t requests_failed = 0;   // answered with an Error
  int64_t requests_dropped = 0;  // taken, but their stream ended first
  int64_t streams = 0;
  int64_t bytes_in = 0;  // of stream messages
  int64_t bytes_out = 0;
};

// Memory: each stream holds at most about 2 · max_message_bytes of inputs and answers, one message
// that is being received, and one that waits for room in the batcher's queue; beside that, the
// queue.
//
// Thread-safe.
class TeacherServer {
 public:
  // Listens on every address, or on none: the first that cannot be had is named, with the reason.
  // Health (grpc.health.v1, "" and "distill.v1.Teacher") is SERVING when this returns. The batcher
  // and the clock must outlive the server.
  static absl::StatusOr<std::unique_ptr<TeacherServer>> Start(const ServerOptions& options,
                                                              const ModelInfo& info,
                                                              const Numerics& numerics,
                                                              Batcher& batcher,
                                                              Clock& clock = Clock::Real());

  // Cancels what is still open, and removes its Unix sockets.
  ~TeacherServer();

  // As clients reach them, in the order of the options: port 0 has become the real one.
  const std::vector<std::string>& addresses() const;

  // Health becomes NOT_SERVING; open streams are told; requests that were taken are answered, new
  // ones refused UNAVAILABLE; streams end OK; then the server stops listening. DEADLINE_EXCEEDED if
  // streams were still open after `timeout`: they are cancelled.
  absl::Status Drain(absl::Duration timeout);

  ServedCounts counts() const;

 private:
  struct Parts;
  explicit TeacherServer(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace distill
