// FileDescriptor: an open file that closes itself.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <utility>

#include "absl/status/statusor.h"

namespace distill {

class FileDescriptor {
 public:
  // Takes over `fd`; negative: none.
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

struct OpenedFile {
  FileDescriptor descriptor;
  size_t size = 0;  // bytes
};

// Opens for reading. Errors as in files.h; FAILED_PRECONDITION if it is not a regular file.
absl::StatusOr<OpenedFile> OpenRegularFile(const std::filesystem::path& path);

}  // namespace distill
