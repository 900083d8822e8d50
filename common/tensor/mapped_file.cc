#include "common/tensor/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"

namespace distill {
namespace {

absl::StatusOr<Bytes> MapDescriptor(int fd, const std::filesystem::path& path) {
  struct stat status;
  if (::fstat(fd, &status) != 0) return FileError("cannot read", path, errno);
  if (!S_ISREG(status.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path.string(), ": it is not a file"));
  }
  const auto size = static_cast<size_t>(status.st_size);
  if (size == 0) return Bytes();
  void* const address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED) return FileError("cannot map", path, errno);
  std::shared_ptr<const void> owner(
      address, [size](const void* mapped) { ::munmap(const_cast<void*>(mapped), size); });
  return Bytes::Wrap(std::move(owner), Bytes::Piece(static_cast<const uint8_t*>(address), size));
}

}  // namespace

absl::StatusOr<Bytes> MapFile(const std::filesystem::path& path) {
  // Without O_NONBLOCK, opening a named pipe would wait for its writer instead of failing.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return FileError("cannot open", path, errno);
  absl::StatusOr<Bytes> bytes = MapDescriptor(fd, path);
  ::close(fd);
  return bytes;
}

void ReleasePages(const Bytes& mapped) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (size_t i = 0; i < mapped.num_pieces(); ++i) {
    const auto begin = reinterpret_cast<uintptr_t>(mapped.piece(i).data()) / page * page;
    const auto end = reinterpret_cast<uintptr_t>(mapped.piece(i).data() + mapped.piece(i).size());
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
}

}  // namespace distill
