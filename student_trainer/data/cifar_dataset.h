// Data sets from the binary version of CIFAR-10 and CIFAR-100.
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

// CIFAR-10's data_batch_1.bin … data_batch_5.bin or test_batch.bin by role, else CIFAR-100's
// train.bin or test.bin; nullopt without. NOT_FOUND names a training batch that is missing where
// others are there.
absl::StatusOr<std::optional<CifarFiles>> FindCifarFiles(const std::filesystem::path& folder,
                                                         DataRole role);

// The names that FindCifarFiles looks for, to be named in an error.
std::vector<std::string> CifarFileNames(DataRole role);

// One file, with the file of class names beside it where there is one.
CifarFiles WithNamesBeside(const std::filesystem::path& batch);

// uint8 images [3, 32, 32]. The label is CIFAR-10's, of CIFAR-100 the fine one: a file's size says
// which (3073 or 3074 bytes a record), and its name where both fit (train.bin and test.bin are of
// CIFAR-100). `class_names` goes before the file of names. Samples are read from the files when
// they are asked for. Errors name the file: DATA_LOSS for a size that fits neither;
// INVALID_ARGUMENT for files of both kinds, a label that is too large, bad names.
absl::StatusOr<std::unique_ptr<Dataset>> OpenCifarDataset(
    const CifarFiles& files, const std::vector<std::string>& class_names);

}  // namespace distill
