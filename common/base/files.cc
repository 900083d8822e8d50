#include "common/base/files.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/file_descriptor.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

absl::Status WriteAll(int fd, absl::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError("cannot write", path, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status WriteAndSync(const std::filesystem::path& path,
                          absl::Span<const absl::string_view> pieces) {
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.get() < 0) return FileError("cannot create", path, errno);
  for (const absl::string_view piece : pieces) {
    RETURN_IF_ERROR(WriteAll(file.get(), piece, path));
  }
  if (::fsync(file.get()) != 0) return FileError("cannot sync", path, errno);
  return absl::OkStatus();
}

// Reads until the buffer is full or the file ends; returns how much that was.
absl::StatusOr<size_t> ReadInto(int fd, absl::Span<char> buffer,
                                const std::filesystem::path& path) {
  size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t got = ::read(fd, buffer.data() + filled, buffer.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError("cannot read", path, errno);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  return filled;
}

constexpr char kTemporary[] = ".tmp.";

// Threads of one process that write the same file each have a temporary file of their own.
std::filesystem::path TemporaryBeside(const std::filesystem::path& path) {
  static std::atomic<uint64_t> count{0};
  return absl::StrCat(path.string(), kTemporary, ::getpid(), ".", count++);
}

// Removes the temporary files of this file whose process was killed before it renamed them.
void RemoveLeftovers(const std::filesystem::path& path) {
  const std::string prefix = absl::StrCat(path.filename().string(), kTemporary);
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    absl::string_view rest = name;
    if (!absl::ConsumePrefix(&rest, prefix)) continue;
    int process = 0;
    if (!absl::SimpleAtoi(rest.substr(0, rest.find('.')), &process) || process <= 0) continue;
    if (::kill(process, 0) != 0 && errno == ESRCH) ::unlink(entry->path().c_str());
  }
}

absl::Status SyncFolder(const std::filesystem::path& folder) {
  const FileDescriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) return FileError("cannot sync folder", folder, errno);
  if (::fsync(directory.get()) == 0 || MeansNoFolderSync(errno)) {
    return absl::OkStatus();
  }
  return FileError("cannot sync folder", folder, errno);
}

}  // namespace

bool MeansNoFolderSync(int error) {
  return error == EINVAL || error == ENOTSUP || error == ENOSYS;
}

std::string OtherOwner(const std::filesystem::path& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0 || status.st_uid == ::geteuid()) return "";
  passwd entry;
  passwd* found = nullptr;
  char buffer[4096];
  ::getpwuid_r(status.st_uid, &entry, buffer, sizeof(buffer), &found);
  if (found == nullptr) return absl::StrCat("user ", status.st_uid);
  return absl::StrCat("user ", found->pw_name);
}

absl::Status FileError(absl::string_view what, const std::filesystem::path& path, int error) {
  std::string message =
      absl::StrCat(what, " ", path.string(), ": ", std::generic_category().message(error));
  if (error == EACCES || error == EPERM) {
    const std::string owner = OtherOwner(path);
    if (!owner.empty()) absl::StrAppend(&message, "; it belongs to ", owner);
  }
  if (error == ENOENT) return absl::NotFoundError(message);
  if (error == ENOTDIR || error == EISDIR) return absl::FailedPreconditionError(message);
  return absl::InternalError(message);
}

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const OpenedFile opened, OpenRegularFile(path));
  std::string contents(opened.size, '\0');
  ASSIGN_OR_RETURN(const size_t filled,
                   ReadInto(opened.descriptor.get(), absl::MakeSpan(contents), path));
  contents.resize(filled);
  return contents;
}

absl::Status ReadFileInPieces(const std::filesystem::path& path,
                              const std::function<void(absl::string_view piece)>& consume) {
  constexpr size_t kPieceBytes = size_t{1} << 20;
  ASSIGN_OR_RETURN(const OpenedFile opened, OpenRegularFile(path));
  std::string buffer(std::min(opened.size, kPieceBytes), '\0');
  while (!buffer.empty()) {
    ASSIGN_OR_RETURN(const size_t filled,
                     ReadInto(opened.descriptor.get(), absl::MakeSpan(buffer), path));
    if (filled == 0) break;
    consume(absl::string_view(buffer.data(), filled));
  }
  return absl::OkStatus();
}

absl::Status WriteFileAtomically(const std::filesystem::path& path,
                                 absl::Span<const absl::string_view> pieces) {
  const std::filesystem::path temporary = TemporaryBeside(path);
  absl::Status written = WriteAndSync(temporary, pieces);
  if (written.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    written = FileError("cannot rename to", path, errno);
  }
  if (!written.ok()) {
    ::unlink(temporary.c_str());
    return written;
  }
  RemoveLeftovers(path);
  return SyncFolder(path.has_parent_path() ? path.parent_path() : ".");
}

absl::Status WriteFileAtomically(const std::filesystem::path& path, absl::string_view contents) {
  return WriteFileAtomically(path, absl::MakeConstSpan(&contents, 1));
}

absl::Status CreateEmptyDirectory(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    if (!std::filesystem::is_directory(path, error)) {
      return absl::FailedPreconditionError(absl::StrCat(path.string(), ": it is not a folder"));
    }
    if (!std::filesystem::is_empty(path, error) && !error) {
      return absl::AlreadyExistsError(
          absl::StrCat(path.string(), ": the folder exists and is not empty; name another"));
    }
  }
  if (!error) std::filesystem::create_directories(path, error);
  if (error) return FileError("cannot create folder", path, error.value());
  return absl::OkStatus();
}

}  // namespace distill
