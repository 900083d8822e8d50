// UnixSocketClaim: the sole right to serve on a Unix socket's path.
//
// gRPC takes over a path that another server listens on. So a server holds a lock on PATH.lock
// while it serves on PATH; the lock ends with the process, whatever ends that.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace distill {

// Not thread-safe. Its owner outlives the server that listens on the path.
class UnixSocketClaim {
 public:
  // Removes a socket that a dead server left behind. FAILED_PRECONDITION if another process serves
  // there ("address in use") or if the path exists and is not a socket; INTERNAL with the system's
  // reason if the lock cannot be made.
  static absl::StatusOr<std::unique_ptr<UnixSocketClaim>> Take(const std::string& path);

  // Removes the socket and the lock.
  ~UnixSocketClaim();
  UnixSocketClaim(const UnixSocketClaim&) = delete;
  UnixSocketClaim& operator=(const UnixSocketClaim&) = delete;

 private:
  UnixSocketClaim(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  const std::string path_;
  const int lock_;
};

}  // namespace distill
