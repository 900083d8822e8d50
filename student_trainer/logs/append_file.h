// AppendFile: a file that grows at its end, and that a resumed run cuts back to its checkpoint.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace distill {

// Not thread-safe. What is appended is flushed at once, so a killed run keeps what it measured.
class AppendFile {
 public:
  // Continues after the file's first `bytes` and discards the rest; with 0, creates or empties it.
  // FAILED_PRECONDITION if it is shorter than that.
  static absl::StatusOr<AppendFile> Open(const std::filesystem::path& path, int64_t bytes);

  // INTERNAL names the file if the disk is full.
  absl::Status Append(absl::string_view data);

  // The file's size, with all that was appended.
  int64_t bytes() const { return bytes_; }

 private:
  AppendFile(std::filesystem::path path, std::ofstream file, int64_t bytes)
      : path_(std::move(path)), file_(std::move(file)), bytes_(bytes) {}

  std::filesystem::path path_;
  std::ofstream file_;
  int64_t bytes_ = 0;
};

}  // namespace distill
