// FileLock: a folder or a file is one process's alone. The lock ends with the process, whatever
// ends that.
#pragma once

#include <filesystem>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "common/base/file_descriptor.h"

namespace distill {

// Returns whether an errno of flock means that the file system offers no locks.
bool MeansNoLocks(int error);

class FileLock {
 public:
  // Locks `path`, a file that is made where it is not there and stays when the lock is gone.
  // Where the file system offers no locks, as some shares do not, it is taken with a warning.
  // FAILED_PRECONDITION names it if another holds the lock; else the errors of files.h.
  static absl::StatusOr<std::unique_ptr<FileLock>> TryTake(const std::filesystem::path& path);

 private:
  explicit FileLock(FileDescriptor file) : file_(std::move(file)) {}

  const FileDescriptor file_;
};

}  // namespace distill
