#include "student_trainer/logs/append_file.h"

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"

namespace distill {

absl::StatusOr<AppendFile> AppendFile::Open(const std::filesystem::path& path, int64_t bytes) {
  std::ofstream file(path, std::ios::app);
  if (!file) return FileError("cannot create", path, errno);
  std::error_code error;
  const auto size = static_cast<int64_t>(std::filesystem::file_size(path, error));
  if (!error && size < bytes) {
    return absl::FailedPreconditionError(absl::StrCat(path.string(), ": it has ", size,
                                                      " bytes, fewer than the ", bytes,
                                                      " that the checkpoint was written after"));
  }
  if (!error) std::filesystem::resize_file(path, static_cast<uintmax_t>(bytes), error);
  if (error) return FileError("cannot cut short", path, error.value());
  return AppendFile(path, std::move(file), bytes);
}

absl::Status AppendFile::Append(absl::string_view data) {
  errno = 0;
  file_ << data << std::flush;
  if (!file_) return FileError("cannot write", path_, errno);
  bytes_ += static_cast<int64_t>(data.size());
  return absl::OkStatus();
}

}  // namespace distill
