// MetricsLog: metrics.jsonl, one JSON object a line.
#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace distill {

// Not thread-safe. Each line is flushed when it is written, so a killed run keeps what it measured.
class MetricsLog {
 public:
  // Creates the file, which must not exist.
  static absl::StatusOr<MetricsLog> Create(const std::filesystem::path& path);

  // Numbers that are not finite are written as null. INTERNAL names the file if the disk is full.
  absl::Status Append(const nlohmann::json& record);

 private:
  MetricsLog(std::filesystem::path path, std::ofstream file)
      : path_(std::move(path)), file_(std::move(file)) {}

  std::filesystem::path path_;
  std::ofstream file_;
};

}  // namespace distill
