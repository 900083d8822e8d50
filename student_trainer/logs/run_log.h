// RunLog: what a run measures, as metrics.jsonl and as TensorBoard's events.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "student_trainer/logs/append_file.h"

namespace distill {

// How far both files were written.
struct RunLogBytes {
  int64_t metrics = 0;
  int64_t events = 0;
};

// Not thread-safe. Each record is flushed when it is written.
class RunLog {
 public:
  // In a run directory: metrics.jsonl, one JSON object per line, and events.out.tfevents.distill.
  // Continues after their first `bytes` and discards the rest; with 0, creates or empties the file.
  // FAILED_PRECONDITION names a file that is shorter.
  static absl::StatusOr<RunLog> Open(const std::filesystem::path& run, const RunLogBytes& bytes,
                                     absl::Time now);

  // A line of metrics.jsonl; numbers that are not finite are null. INTERNAL names the file if the
  // disk is full.
  absl::Status AppendRecord(const nlohmann::json& record);

  // The record's finite numbers, except "epoch" and "step", as TensorBoard's scalars in float32:
  // {"loss": 1, "test": {"errors": 2}} gives "loss" and "test/errors". The same error.
  absl::Status AppendScalars(const nlohmann::json& record, int64_t step, absl::Time now);

  RunLogBytes bytes() const { return {metrics_.bytes(), events_.bytes()}; }

 private:
  RunLog(AppendFile metrics, AppendFile events)
      : metrics_(std::move(metrics)), events_(std::move(events)) {}

  AppendFile metrics_;
  AppendFile events_;
};

}  // namespace distill
