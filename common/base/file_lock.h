// FileLock: a folder or a file is one process's alone. The lock ends with the process, whatever ends
// that.
#pragma once

#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"

namespace distill {

class FileLock {
 public:
  // Locks `path`, a file that is made where it is not there and stays when the lock is gone.
  // FAILED_PRECONDITION names it if another holds the lock; else the errors of files.h.
  static absl::StatusOr<std::unique_ptr<FileLock>> TryTake(const std::filesystem::path& path);

  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int fd) : fd_(fd) {}

  const int fd_;
};

}  // namespace distill
