#include "common/base/random_access_file.h"

#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"

namespace distill {

absl::StatusOr<RandomAccessFile> RandomAccessFile::Open(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(OpenedFile opened, OpenRegularFile(path));
  return RandomAccessFile(path, std::move(opened));
}

absl::Status RandomAccessFile::ReadAt(uint64_t offset, absl::Span<uint8_t> destination) const {
  if (offset > size_ || destination.size() > size_ - offset) {
    return absl::OutOfRangeError(absl::StrCat(path_.string(), ": ", destination.size(),
                                              " bytes at ", offset, " were asked for, and it has ",
                                              size_, " bytes"));
  }
  while (!destination.empty()) {
    const ssize_t got = ::pread(descriptor_.get(), destination.data(), destination.size(),
                                static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError("cannot read", path_, errno);
    if (got == 0) {
      return absl::FailedPreconditionError(
          absl::StrCat(path_.string(), ": it has become shorter and ends at ", offset, ", it had ",
                       size_, " bytes when it was opened"));
    }
    destination.remove_prefix(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
  return absl::OkStatus();
}

}  // namespace distill
