// DelayProxy: a long line. It passes TCP connections on, each byte a fixed time after it came, with
// no limit to the rate or to what is under way.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/file_descriptor.h"
#include "common/base/mutex.h"

namespace distill {

// Thread-safe. Takes two threads per direction of a connection.
class DelayProxy {
 public:
  // Listens on a free port of 127.0.0.1 for connections to the port `to` there. `delay`: of each
  // direction, half of the round trip.
  static absl::StatusOr<std::unique_ptr<DelayProxy>> Start(int to, absl::Duration delay);

  // Ends every connection.
  ~DelayProxy();

  std::string address() const;  // "127.0.0.1:port"

 private:
  struct Connection;
  DelayProxy(FileDescriptor listener, int port, int to, absl::Duration delay);

  void Accept();

  const FileDescriptor listener_;
  const int port_;
  const int to_;
  const absl::Duration delay_;
  Mutex mutex_;
  std::list<std::unique_ptr<Connection>> connections_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace distill
