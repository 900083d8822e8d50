// RunDirectory: where a run writes, and what it resumes from.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/file_lock.h"
#include "common/model_directory/model_directory.h"

namespace distill {

// While it lives, no other process can open it.
struct RunDirectory {
  std::filesystem::path root;
  std::unique_ptr<FileLock> lock;

  std::filesystem::path config() const { return root / "config.toml"; }  // makes it a run's
  std::filesystem::path checkpoints() const { return root / "checkpoints"; }
  std::filesystem::path model() const { return root / kModelOfRun; }  // the best so far
  std::filesystem::path report_data() const { return root / "report.json"; }
  std::filesystem::path report_samples() const { return root / "samples.safetensors"; }
  std::filesystem::path report_page() const { return root / "report.html"; }
};

// What is done with a folder that holds something.
enum class ExistingRun {
  kRefuse,  // it is never written over
  kResume,  // the run in it is resumed
};

// OK if nothing is at `root`, or an empty folder, or, to resume it, a run directory; else
// ALREADY_EXISTS or FAILED_PRECONDITION, which say what to do.
absl::Status CheckRunDirectory(const std::filesystem::path& root, ExistingRun existing);

// Creates the folder, or takes the one that is there, and writes nothing into it but its lock.
// FAILED_PRECONDITION if another process has it open; errors of CheckRunDirectory and of files.h.
absl::StatusOr<RunDirectory> OpenRunDirectory(const std::filesystem::path& root,
                                              ExistingRun existing);

}  // namespace distill
