#include "common/base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"

namespace distill {

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::TryTake(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return FileError("cannot open", path, errno);
  std::unique_ptr<FileLock> lock(new FileLock(fd));
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return FileError("cannot lock", path, errno);
  return absl::FailedPreconditionError(absl::StrCat(path.string(), " is locked by another process"));
}

FileLock::~FileLock() { ::close(fd_); }

}  // namespace distill
