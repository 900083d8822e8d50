#include "student_trainer/logs/run_log.h"

#include <cmath>
#include <map>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "common/base/files.h"
#include "common/base/json_text.h"
#include "common/base/status_macros.h"
#include "student_trainer/logs/event_record.h"

namespace distill {
namespace {

constexpr char kMetricsFile[] = "metrics.jsonl";
constexpr char kEventsFile[] = "events.out.tfevents.distill";

// The finite numbers of a record, by their path.
void FindScalars(const nlohmann::json& record, const std::string& prefix,
                 std::map<std::string, double>& scalars) {
  for (const auto& [key, value] : record.items()) {
    if (value.is_object()) {
      FindScalars(value, prefix + key + "/", scalars);
    } else if (value.is_number() && std::isfinite(value.get<double>()) && key != "epoch" &&
               key != "step") {
      scalars[prefix + key] = value.get<double>();
    }
  }
}

void RemoveEvents(const std::filesystem::path& run) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(run, error)) {
    if (absl::StartsWith(entry.path().filename().string(), kEventsFile)) {
      std::filesystem::remove(entry.path(), error);
    }
  }
}

// Readers take the files of a folder in the order of their names.
std::filesystem::path NextEventsFile(const std::filesystem::path& run) {
  std::filesystem::path file = run / kEventsFile;
  for (int i = 1; std::filesystem::exists(file); ++i) {
    file = run / absl::StrFormat("%s.%04d", kEventsFile, i);
  }
  return file;
}

// null: none.
absl::StatusOr<nlohmann::json> LastRecord(const std::filesystem::path& file) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
  const absl::string_view lines = absl::StripTrailingAsciiWhitespace(text);
  const absl::string_view line = lines.substr(lines.rfind('\n') + 1);
  return nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
}

}  // namespace

absl::StatusOr<RunLog> RunLog::Open(const std::filesystem::path& run,
                                    const std::optional<LogPlace>& place, absl::Time now) {
  if (!place.has_value()) RemoveEvents(run);
  ASSIGN_OR_RETURN(
      AppendFile metrics,
      AppendFile::Open(run / kMetricsFile, place.has_value() ? place->metrics_bytes : 0));
  ASSIGN_OR_RETURN(AppendFile events, AppendFile::Open(NextEventsFile(run), /*bytes=*/0));
  RETURN_IF_ERROR(events.Append(FirstEvent(now)));
  RunLog log(std::move(metrics), std::move(events));
  if (place.has_value()) RETURN_IF_ERROR(log.Restart(run, *place, now));
  return log;
}

// A run that had ended has figures of its end at the last epoch's step: those go, and the epoch's
// are written again.
absl::Status RunLog::Restart(const std::filesystem::path& run, const LogPlace& place,
                             absl::Time now) {
  ASSIGN_OR_RETURN(const nlohmann::json last, LastRecord(run / kMetricsFile));
  const bool at_end_of_epoch = last.is_object() && last.value("step", int64_t{-1}) == place.step;
  RETURN_IF_ERROR(events_.Append(RestartEvent(at_end_of_epoch ? place.step : place.step + 1, now)));
  return at_end_of_epoch ? AppendScalars(last, place.step, now) : absl::OkStatus();
}

absl::Status RunLog::AppendRecord(const nlohmann::json& record) {
  return metrics_.Append(JsonText(record) + "\n");
}

absl::Status RunLog::AppendScalars(const nlohmann::json& record, int64_t step, absl::Time now) {
  std::map<std::string, double> scalars;
  FindScalars(record, "", scalars);
  return scalars.empty() ? absl::OkStatus() : events_.Append(ScalarsEvent(scalars, step, now));
}

}  // namespace distill
