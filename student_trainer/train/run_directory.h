// RunDirectory: where a run writes. Never one that holds anything.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

namespace distill {

struct RunDirectory {
  std::filesystem::path root;

  std::filesystem::path config() const { return root / "config.toml"; }
  std::filesystem::path metrics() const { return root / "metrics.jsonl"; }
  std::filesystem::path model() const { return root / "model"; }  // the best so far
};

// OK if nothing is at `root`, or an empty folder; else ALREADY_EXISTS, which says what to do.
absl::Status CheckRunDirectoryIsFree(const std::filesystem::path& root);

// Creates the folder with config.toml in it.
absl::StatusOr<RunDirectory> CreateRunDirectory(const std::filesystem::path& root,
                                                const std::string& config_toml);

}  // namespace distill
