#include "common/base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "common/base/log.h"

namespace distill {

bool MeansNoLocks(int error) {
  return error == ENOSYS || error == ENOLCK || error == ENOTSUP || error == EINVAL;
}

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::TryTake(const std::filesystem::path& path) {
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (file.get() < 0) return FileError("cannot open", path, errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
    return std::unique_ptr<FileLock>(new FileLock(std::move(file)));
  }
  if (MeansNoLocks(errno)) {
    log::Warning(absl::StrCat(path.string(),
                              ": the file system offers no locks; let no other "
                              "process use the folder"));
    return std::unique_ptr<FileLock>(new FileLock(std::move(file)));
  }
  if (errno != EWOULDBLOCK) return FileError("cannot lock", path, errno);
  return absl::FailedPreconditionError(
      absl::StrCat(path.string(), ": another process has locked it"));
}

}  // namespace distill
