#include "student_trainer/commands/report_command.h"

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/files.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/inference/loaded_model.h"
#include "student_trainer/report/report_page.h"
#include "student_trainer/run/model_figures.h"
#include "student_trainer/run/run_directory.h"

namespace distill {
namespace {

// Replaces the figures of finished runs; false: not of all.
bool MeasureAgain(const std::vector<std::filesystem::path>& folders, nlohmann::json& runs) {
  std::vector<std::unique_ptr<LoadedModel>> loaded;
  std::vector<const LoadedModel*> models;
  std::vector<size_t> measured;
  absl::Status problem;
  int64_t length = 0;  // that of the first run's data
  for (size_t i = 0; i < folders.size(); ++i) {
    if (runs[i]["figures"].is_null()) continue;
    if (length == 0) length = runs[i]["figures"].value("length", int64_t{0});
    absl::StatusOr<std::unique_ptr<LoadedModel>> model =
        LoadedModel::Load(RunDirectory{folders[i], nullptr}.model());
    if (!model.ok()) {
      problem = model.status();
      continue;
    }
    models.push_back(model->get());
    loaded.push_back(*std::move(model));
    measured.push_back(i);
  }
  const absl::StatusOr<std::vector<nlohmann::json>> figures = MeasureFigures(models, {}, length);
  if (!figures.ok()) problem = figures.status();
  for (size_t i = 0; figures.ok() && i < measured.size(); ++i) {
    runs[measured[i]]["figures"] = (*figures)[i];
  }
  if (problem.ok()) return true;
  log::Warning(absl::StrCat(problem.message(), "; the page has figures of a run's end instead"));
  return false;
}

}  // namespace

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
  ASSIGN_OR_RETURN(nlohmann::json data, ReportData(runs));
  data["measured_in_turns"] = runs.size() > 1 && MeasureAgain(runs, data["runs"]);
  RETURN_IF_ERROR(WriteFileAtomically(page, ReportPage(data)));
  out << "report: " << page.lexically_normal().string() << std::endl;
  return absl::OkStatus();
}

}  // namespace distill
