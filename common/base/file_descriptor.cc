#include "common/base/file_descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"

namespace distill {

absl::StatusOr<OpenedFile> OpenRegularFile(const std::filesystem::path& path) {
  // O_NONBLOCK, or a named pipe would wait for its writer instead of being refused.
  FileDescriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (descriptor.get() < 0) return FileError("cannot open", path, errno);
  struct stat status;
  if (::fstat(descriptor.get(), &status) != 0) return FileError("cannot read", path, errno);
  if (!S_ISREG(status.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path.string(), ": it is not a file"));
  }
  return OpenedFile{std::move(descriptor), static_cast<size_t>(status.st_size)};
}

}  // namespace distill
