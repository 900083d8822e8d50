// Opens data sets from the binary version of CIFAR-10 and CIFAR-100.
// https://www.cs.toronto.edu/~kriz/cifar.html
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "student_trainer/data/data_role.h"
#include "student_trainer/data/dataset.h"

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

// The samples are uint8 images [3, 32, 32]. The label is that of CIFAR-10, or the fine label of
// CIFAR-100. The size of a file determines which (3073 or 3074 bytes per record), or its name if
// both sizes fit (train.bin and test.bin belong to CIFAR-100). `class_names` has precedence over
// the file of names. Samples are read from the files on demand. Errors name the file: DATA_LOSS for
// a size that fits neither; INVALID_ARGUMENT for files of both kinds, a label that is too large,
// and invalid names.
absl::StatusOr<std::unique_ptr<Dataset>> OpenCifarDataset(
    const CifarFiles& files, const std::vector<std::string>& class_names);

}  // namespace distill
