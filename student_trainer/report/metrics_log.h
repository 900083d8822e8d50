// MetricsLog: metrics.jsonl, one JSON object a line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace distill {

// Not thread-safe. Each line is flushed when it is written, so a killed run keeps what it measured.
class MetricsLog {
 public:
  // Goes on after the file's first `bytes`, and forgets the rest: 0 begins anew, and makes the
  // file. FAILED_PRECONDITION if it is shorter than that.
  static absl::StatusOr<MetricsLog> Open(const std::filesystem::path& path, int64_t bytes);

  // Numbers that are not finite are written as null. INTERNAL names the file if the disk is full.
  absl::Status Append(const nlohmann::json& record);

  // The file's size, with all that was appended.
  int64_t bytes() const { return bytes_; }

 private:
  MetricsLog(std::filesystem::path path, std::ofstream file, int64_t bytes)
      : path_(std::move(path)), file_(std::move(file)), bytes_(bytes) {}

  std::filesystem::path path_;
  std::ofstream file_;
  int64_t bytes_ = 0;
};

}  // namespace distill
