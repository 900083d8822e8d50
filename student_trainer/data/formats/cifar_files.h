// Which files make up a CIFAR data set.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "student_trainer/data/data_role.h"

namespace distill {

struct CifarFiles {
  std::vector<std::filesystem::path> batches;  // one after the other
  std::optional<std::filesystem::path> names;  // batches.meta.txt or fine_label_names.txt
};

// Finds CIFAR-10's data_batch_1.bin … data_batch_5.bin or test_batch.bin by role, otherwise
// CIFAR-100's train.bin or test.bin; returns nullopt if there are none. NOT_FOUND names a missing
// training batch if others exist.
absl::StatusOr<std::optional<CifarFiles>> FindCifarFiles(const std::filesystem::path& folder,
                                                         DataRole role);

// Returns the names that FindCifarFiles looks for, for error messages.
std::vector<std::string> CifarFileNames(DataRole role);

// Returns one file and the file of class names in the same folder, if there is one.
CifarFiles WithNamesBeside(const std::filesystem::path& batch);

}  // namespace distill
