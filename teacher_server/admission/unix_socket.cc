#include "teacher_server/admission/unix_socket.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/file_lock.h"
#include "common/base/files.h"
#include "common/base/status.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

std::string LockPath(const std::string& path) { return path + ".lock"; }

absl::Status InUse(const std::string& path) {
  return absl::FailedPreconditionError(
      absl::StrCat("cannot listen on unix:", path, ": address in use"));
}

absl::Status SystemError(const std::string& path, const std::string& what) {
  return absl::InternalError(
      absl::StrCat("cannot listen on unix:", path, ": ", what, ": ", std::strerror(errno)));
}

// Whether `lock` is still the file that the path names: a server that ends removes its lock.
bool IsCurrent(int lock, const std::string& lock_path) {
  struct stat held;
  struct stat named;
  return ::fstat(lock, &held) == 0 && ::stat(lock_path.c_str(), &named) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

absl::StatusOr<int> TakeLock(const std::string& path) {
  const std::string lock_path = LockPath(path);
  while (true) {
    const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) {
      return Annotate(FileError("cannot open", lock_path, errno), "cannot listen on unix:" + path);
    }
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0 && !MeansNoLocks(errno)) {
      const absl::Status status =
          errno == EWOULDBLOCK ? InUse(path) : SystemError(path, "cannot lock " + lock_path);
      ::close(lock);
      return status;
    }
    if (IsCurrent(lock, lock_path)) return lock;
    ::close(lock);
  }
}

// Whether someone accepts connections there: a server that knows nothing of the lock.
bool IsAlive(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return false;
  const int connected =
      ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  // EAGAIN: its backlog is full.
  const bool alive = connected == 0 || errno == EAGAIN || errno == EINPROGRESS;
  ::close(probe);
  return alive;
}

absl::Status RemoveStaleSocket(const std::string& path) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) return absl::OkStatus();
  if (!S_ISSOCK(status.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot listen on unix:", path, ": the path exists and is not a socket"));
  }
  if (IsAlive(path)) return InUse(path);
  if (::unlink(path.c_str()) != 0) return SystemError(path, "cannot remove the stale socket");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<UnixSocketClaim>> UnixSocketClaim::Take(const std::string& path) {
  ASSIGN_OR_RETURN(const int lock, TakeLock(path));
  if (absl::Status removed = RemoveStaleSocket(path); !removed.ok()) {
    ::unlink(LockPath(path).c_str());
    ::close(lock);
    return removed;
  }
  return std::unique_ptr<UnixSocketClaim>(new UnixSocketClaim(path, lock));
}

UnixSocketClaim::~UnixSocketClaim() {
  ::unlink(path_.c_str());
  ::unlink(LockPath(path_).c_str());
  ::close(lock_);
}

}  // namespace distill
