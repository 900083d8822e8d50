#include "student_trainer/report/report_page.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/base/check.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"
#include "common/model_directory/safetensors.h"
#include "student_trainer/quality/quality.h"
#include "student_trainer/report/page_template.h"
#include "student_trainer/report/shown_samples.h"

namespace distill {
namespace {

struct RunFiles {
  std::filesystem::path folder;
  nlohmann::json set_up;                // report.json
  std::vector<nlohmann::json> records;  // metrics.jsonl
  TensorMap samples;
};

absl::Status NotARun(const std::filesystem::path& file) {
  return absl::DataLossError(absl::StrCat(file.string(), ": it is not what a run writes"));
}

// The lines that are whole: the last may have been cut by a kill.
std::vector<nlohmann::json> ParseLines(const std::string& text) {
  std::vector<nlohmann::json> records;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    nlohmann::json record = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (record.is_object()) records.push_back(std::move(record));
  }
  return records;
}

absl::StatusOr<RunFiles> ReadRun(const std::filesystem::path& folder) {
  RunFiles run{.folder = folder};
  const std::filesystem::path set_up = folder / "report.json";
  ASSIGN_OR_RETURN(const std::string text, ReadFile(set_up), folder.string(),
                   " is not a run directory of student_trainer");
  run.set_up = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  for (const char* key :
       {"student", "classes", "class_count", "labels", "data", "quality", "figures"}) {
    if (!run.set_up.is_object() || !run.set_up.contains(key)) return NotARun(set_up);
  }
  // Not there yet before the first step.
  if (const auto file = folder / "metrics.jsonl"; std::filesystem::exists(file)) {
    ASSIGN_OR_RETURN(const std::string metrics, ReadFile(file));
    run.records = ParseLines(metrics);
  }
  if (const auto file = folder / "samples.safetensors"; std::filesystem::exists(file)) {
    ASSIGN_OR_RETURN(SafetensorsFile samples, ReadSafetensors(file));
    run.samples = std::move(samples.tensors);
  }
  return run;
}

// A run that has not finished has read no test data: its labels alone are known.
bool MayShareData(const nlohmann::json& a, const nlohmann::json& b) {
  const bool both_read = !a["data"].is_null() && !b["data"].is_null();
  return a["labels"] == b["labels"] && (!both_read || a["data"] == b["data"]);
}

std::string NameOf(const std::filesystem::path& folder) {
  const auto name = std::filesystem::absolute(folder).lexically_normal();
  return (name.has_filename() ? name : name.parent_path()).filename().string();
}

// The folders' own names; folders that share a name are named by their paths as given.
std::vector<std::string> NamesOf(absl::Span<const std::filesystem::path> folders) {
  std::vector<std::string> names;
  for (const std::filesystem::path& folder : folders) names.push_back(NameOf(folder));
  const std::vector<std::string> own = names;
  for (size_t i = 0; i < names.size(); ++i) {
    if (std::count(own.begin(), own.end(), own[i]) > 1) names[i] = folders[i].string();
  }
  return names;
}

// A figure that is not finite is null in JSON.
double FiniteOrInfinite(const nlohmann::json& record, const char* key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_number() ? found->get<double>()
                                                     : std::numeric_limits<double>::infinity();
}

// Fewer errors, then a smaller loss, as the trainer chooses it.
bool IsBetter(const nlohmann::json& a, const nlohmann::json& b) {
  return std::pair(a.value("errors", 0), FiniteOrInfinite(a, "loss")) <
         std::pair(b.value("errors", 0), FiniteOrInfinite(b, "loss"));
}

nlohmann::json RunData(const RunFiles& run) {
  nlohmann::json data = run.set_up;
  for (const char* key : {"classes", "class_count", "labels", "data"}) data.erase(key);
  data["finished"] = !run.records.empty() && run.records.back().value("kind", "") == "end";
  data["epochs"] = nlohmann::json::array();
  data["best_epoch"] = nullptr;
  const nlohmann::json* best = nullptr;
  int64_t samples_seen = 0;
  for (const nlohmann::json& record : run.records) {
    if (record.value("kind", "") != "epoch") continue;
    nlohmann::json epoch = {{"validation", nullptr}};
    for (const char* key : {"epoch", "step", "loss", "student_loss", "distillation_loss",
                            "train_accuracy", "seconds", "validation"}) {
      if (record.contains(key)) epoch[key] = record[key];
    }
    samples_seen += record.value("samples", int64_t{0});
    epoch["samples_seen"] = samples_seen;
    // Versions that did not write the rate counted epochs from 0.
    if (!record.contains("lr") && epoch.contains("epoch") && epoch["epoch"].is_number_integer()) {
      epoch["epoch"] = epoch["epoch"].get<int64_t>() + 1;
    }
    const nlohmann::json& validation = epoch["validation"];
    if (!validation.is_object() || validation.value("samples", 0) == 0) {  // not in this epoch
      epoch["validation"] = nullptr;
    } else if (best == nullptr || IsBetter(validation, *best)) {
      best = &record["validation"];
      data["best_epoch"] = epoch["epoch"];
    }
    data["epochs"].push_back(std::move(epoch));
  }
  return data;
}

nlohmann::json ClassesData(const nlohmann::json& set_up) {
  const auto names = set_up["classes"].get<std::vector<std::string>>();
  const auto count = set_up["class_count"].get<size_t>();
  nlohmann::json classes = nlohmann::json::array();
  for (size_t label = 0; label < count; ++label) classes.push_back(NameOfClass(label, names));
  return classes;
}

}  // namespace

absl::StatusOr<nlohmann::json> ReportData(absl::Span<const std::filesystem::path> folders) {
  std::vector<RunFiles> runs;
  for (const std::filesystem::path& folder : folders) {
    ASSIGN_OR_RETURN(runs.emplace_back(), ReadRun(folder));
    for (const RunFiles& other : runs) {
      if (MayShareData(runs.back().set_up, other.set_up)) continue;
      return absl::FailedPreconditionError(
          absl::StrCat(folder.string(), ": it was judged on other data than ",
                       other.folder.string(), "; name runs with the same test or validation data"));
    }
  }
  if (runs.empty()) return CheckGiven("runs", "", "at least one run directory");
  try {
    const std::vector<std::string> names = NamesOf(folders);
    std::vector<const TensorMap*> samples;
    for (const RunFiles& run : runs) samples.push_back(&run.samples);
    nlohmann::json data = ShownSamples(samples);
    data["title"] = runs.size() == 1 ? names.front() : absl::StrCat(runs.size(), " runs");
    data["classes"] = ClassesData(runs.front().set_up);
    for (size_t i = 0; i < runs.size(); ++i) {
      data["runs"].push_back(RunData(runs[i]));
      data["runs"].back()["name"] = names[i];
    }
    return data;
  } catch (const nlohmann::json::exception& error) {
    return absl::DataLossError(
        absl::StrCat("a report.json or metrics.jsonl is not what a run writes: ", error.what()));
  }
}

std::string ReportPage(const nlohmann::json& data) {
  const std::string json =
      data.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
  const std::string as_text =
      absl::StrReplaceAll(json, {{"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}});
  return absl::StrReplaceAll(PageTemplate(), {{"@DATA@", as_text}});
}

absl::Status WriteReport(absl::Span<const std::filesystem::path> runs,
                         const std::filesystem::path& page) {
  ASSIGN_OR_RETURN(const nlohmann::json data, ReportData(runs));
  return WriteFileAtomically(page, ReportPage(data));
}

}  // namespace distill
