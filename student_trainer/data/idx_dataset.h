// A data set from IDX files, held in memory.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "student_trainer/data/dataset.h"

namespace distill {

struct IdxFiles {
  std::filesystem::path images;
  std::optional<std::filesystem::path> labels;  // without: no sample is labelled
  std::vector<std::string> class_names;         // may be empty: not known
};

// The input is called "image". Errors name the file: those of ReadIdx; INVALID_ARGUMENT for no
// samples or empty ones, labels that are more or fewer than the images, a label beyond the class
// names.
absl::StatusOr<std::unique_ptr<Dataset>> OpenIdxDataset(const IdxFiles& files);

}  // namespace distill
