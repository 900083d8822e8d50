#include "student_trainer/logs/run_log.h"

#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "common/base/json_text.h"
#include "common/base/status_macros.h"
#include "student_trainer/logs/event_record.h"

namespace distill {
namespace {

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

}  // namespace

absl::StatusOr<RunLog> RunLog::Open(const std::filesystem::path& run, const RunLogBytes& bytes,
                                    absl::Time now) {
  ASSIGN_OR_RETURN(AppendFile metrics, AppendFile::Open(run / "metrics.jsonl", bytes.metrics));
  ASSIGN_OR_RETURN(AppendFile events,
                   AppendFile::Open(run / "events.out.tfevents.distill", bytes.events));
  if (bytes.events == 0) RETURN_IF_ERROR(events.Append(FirstEvent(now)));
  return RunLog(std::move(metrics), std::move(events));
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
