#include "student_trainer/commands/report_command.h"

#include <filesystem>

#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "student_trainer/report/report_page.h"

namespace distill {

absl::Status ReportOptions::Validate() const {
  if (runs.empty()) return CheckGiven("runs", "", "at least one run directory");
  return absl::OkStatus();
}

absl::Status RunReport(const ReportOptions& options, std::ostream& out) {
  RETURN_IF_ERROR(options.Validate());
  const std::vector<std::filesystem::path> runs(options.runs.begin(), options.runs.end());
  std::filesystem::path page = options.out;
  if (page.empty())
    page = (runs.size() == 1 ? runs.front() : std::filesystem::path(".")) / "report.html";
  RETURN_IF_ERROR(WriteReport(runs, page));
  out << "report: " << page.lexically_normal().string() << std::endl;
  return absl::OkStatus();
}

}  // namespace distill
