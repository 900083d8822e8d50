// RunLog: what a run measures, as metrics.jsonl and as TensorBoard's events.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "student_trainer/logs/append_file.h"

namespace distill {

// Where a resumed run continues.
struct LogPlace {
  int64_t metrics_bytes = 0;  // of metrics.jsonl
  int64_t step = 0;           // the last
};

// Not thread-safe. Each record is flushed when it is written.
class RunLog {
 public:
  // In a run directory: metrics.jsonl, one JSON object per line, and events.out.tfevents.distill.
  // Without a place both begin empty. With one, metrics.jsonl is cut there; events go to a file of
  // their own, events.out.tfevents.distill.0001 and so on, which says that what the earlier ones
  // have of later steps does not count: a reader that has read those would not notice a cut.
  // FAILED_PRECONDITION if metrics.jsonl is shorter.
  static absl::StatusOr<RunLog> Open(const std::filesystem::path& run,
                                     const std::optional<LogPlace>& place, absl::Time now);

  // A line of metrics.jsonl; numbers that are not finite are null. INTERNAL names the file if the
  // disk is full.
  absl::Status AppendRecord(const nlohmann::json& record);

  // The record's finite numbers, except "epoch" and "step", as TensorBoard's scalars in float32:
  // {"loss": 1, "test": {"errors": 2}} gives "loss" and "test/errors". The same error.
  absl::Status AppendScalars(const nlohmann::json& record, int64_t step, absl::Time now);

  int64_t metrics_bytes() const { return metrics_.bytes(); }

 private:
  // What the new events file of a resumed run begins with.
  absl::Status Restart(const std::filesystem::path& run, const LogPlace& place, absl::Time now);

  RunLog(AppendFile metrics, AppendFile events)
      : metrics_(std::move(metrics)), events_(std::move(events)) {}

  AppendFile metrics_;
  AppendFile events_;
};

}  // namespace distill
