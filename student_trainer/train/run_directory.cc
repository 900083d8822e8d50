#include "student_trainer/train/run_directory.h"

#include <system_error>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"

namespace distill {

absl::Status CheckRunDirectoryIsFree(const std::filesystem::path& root) {
  std::error_code error;
  if (!std::filesystem::exists(root, error) && !error) return absl::OkStatus();
  if (std::filesystem::is_directory(root, error) && std::filesystem::is_empty(root, error)) {
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError(
      absl::StrCat("--run_dir ", root.string(),
                   " exists already and is never written over: name another, or remove it first"));
}

absl::StatusOr<RunDirectory> CreateRunDirectory(const std::filesystem::path& root,
                                                const std::string& config_toml) {
  RETURN_IF_ERROR(CheckRunDirectoryIsFree(root));
  RETURN_IF_ERROR(CreateEmptyDirectory(root));
  RunDirectory run{.root = root};
  RETURN_IF_ERROR(WriteFileAtomically(run.config(), config_toml));
  return run;
}

}  // namespace distill
