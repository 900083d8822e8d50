#include "student_trainer/run/run_directory.h"

#include <system_error>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

constexpr char kLockFile[] = ".lock";

// Nothing but the lock, which a process may have left that did not come to write.
bool IsEmpty(const std::filesystem::path& folder, std::error_code& error) {
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().filename() != kLockFile) return false;
  }
  return true;
}

}  // namespace

absl::Status CheckRunDirectory(const std::filesystem::path& root, ExistingRun existing) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(root, error);
  if (status.type() == std::filesystem::file_type::not_found) return absl::OkStatus();
  if (status.type() == std::filesystem::file_type::directory) {
    const bool empty = IsEmpty(root, error);
    if (error) return FileError("cannot read", root, error.value());
    if (empty) return absl::OkStatus();
    if (existing == ExistingRun::kResume) {
      if (std::filesystem::exists(RunDirectory{.root = root}.config(), error)) {
        return absl::OkStatus();
      }
      return absl::FailedPreconditionError(
          absl::StrCat("`run_dir` ", root.string(),
                       ": it holds files, but no config.toml, so it is not a run that `resume` "
                       "can continue"));
    }
  } else if (error) {
    return FileError("cannot read", root, error.value());
  }
  return absl::AlreadyExistsError(
      absl::StrCat("`run_dir` ", root.string(), ": it exists already and is never written over; ",
                   "set `resume` to continue its run, or name another, or remove it first"));
}

absl::StatusOr<RunDirectory> OpenRunDirectory(const std::filesystem::path& root,
                                              ExistingRun existing) {
  RETURN_IF_ERROR(CheckRunDirectory(root, existing));
  std::error_code error;
  std::filesystem::create_directories(root, error);
  if (error) return FileError("cannot create folder", root, error.value());
  RunDirectory run{.root = root};
  absl::StatusOr<std::unique_ptr<FileLock>> lock = FileLock::TryTake(root / kLockFile);
  if (absl::IsFailedPrecondition(lock.status())) {
    return absl::FailedPreconditionError(
        absl::StrCat("`run_dir` ", root.string(), ": another process trains in it"));
  }
  RETURN_IF_ERROR(lock.status());
  run.lock = *std::move(lock);
  // Another may have been here between the first look and the lock.
  RETURN_IF_ERROR(CheckRunDirectory(root, existing));
  return run;
}

}  // namespace distill
