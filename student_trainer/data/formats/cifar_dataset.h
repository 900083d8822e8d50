// Opens data sets from the binary version of CIFAR-10 and CIFAR-100.
// https://www.cs.toronto.edu/~kriz/cifar.html
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "student_trainer/data/dataset.h"
#include "student_trainer/data/formats/cifar_files.h"

namespace distill {

// The samples are uint8 images [3, 32, 32]. The label is that of CIFAR-10, or the fine label of
// CIFAR-100. The size of a file determines which (3073 or 3074 bytes per record), or its name if
// both sizes fit (train.bin and test.bin belong to CIFAR-100). `class_names` has precedence over
// the file of names. Samples are read from the files on demand. Errors name the file: DATA_LOSS for
// a size that fits neither; INVALID_ARGUMENT for files of both kinds, a label that is too large,
// and invalid names.
absl::StatusOr<std::unique_ptr<Dataset>> OpenCifarDataset(
    const CifarFiles& files, const std::vector<std::string>& class_names);

}  // namespace distill
