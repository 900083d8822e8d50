#include "student_trainer/report/metrics_log.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace distill {

absl::StatusOr<MetricsLog> MetricsLog::Create(const std::filesystem::path& path) {
  if (std::filesystem::exists(path)) {
    return absl::AlreadyExistsError(absl::StrCat(path.string(), " exists"));
  }
  std::ofstream file(path);
  if (!file) {
    return absl::InternalError(
        absl::StrCat("cannot create ", path.string(), ": ", std::strerror(errno)));
  }
  return MetricsLog(path, std::move(file));
}

absl::Status MetricsLog::Append(const nlohmann::json& record) {
  file_ << record.dump() << '\n' << std::flush;
  if (!file_) return absl::InternalError(absl::StrCat("cannot write ", path_.string()));
  return absl::OkStatus();
}

}  // namespace distill
