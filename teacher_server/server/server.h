// TeacherServer: the network side of a teacher server: addresses, limits, health, drain.
//
// This header holds no gRPC type.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/contract/served_model.h"
#include "teacher_server/batching/batcher.h"
#include "teacher_server/metrics/metrics.h"
#include "teacher_server/server/server_options.h"

namespace distill {

// A model that is served: Runner's info and numerics, and what computes it.
struct ServedModel {
  ModelInfo info;
  Numerics numerics;
  Batcher* batcher = nullptr;
};

// Thread-safe. What clients can make it hold is bounded by max_bytes (budget.h).
class TeacherServer {
 public:
  // Listens on every address, or on none: the error names the first that is not available, and why.
  // Until Serve(), streams end UNAVAILABLE with kServerStarting, and health (grpc.health.v1: "",
  // "distill.v1.Teacher" and "distill.v1.Teacher/NAME" for each of `names`) is NOT_SERVING.
  // `metrics` has the names, too. Metrics and clock must outlive the server.
  static absl::StatusOr<std::unique_ptr<TeacherServer>> Start(const ServerOptions& options,
                                                              absl::Span<const std::string> names,
                                                              Metrics& metrics,
                                                              Clock& clock = Clock::Real());

  // From now on the models are served, and health is SERVING. `models`: one of each name.
  // Their batchers must outlive the server. Called once.
  void Serve(absl::Span<const ServedModel> models);

  // Cancels what is still open, and removes its Unix sockets.
  ~TeacherServer();

  // As clients reach them, in the order of the options: port 0 has become the real one.
  const std::vector<std::string>& addresses() const;

  // Health becomes NOT_SERVING; open streams are told; requests that were taken are answered, new
  // ones refused UNAVAILABLE; streams end OK; each connection is closed when its client has read
  // what was written, or after 5 s; then the server stops listening. DEADLINE_EXCEEDED if streams
  // were still open after `timeout`: they are cancelled.
  absl::Status Drain(absl::Duration timeout);

 private:
  struct Parts;
  explicit TeacherServer(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace distill
