// Opens a data set from what the user wrote after --train, --val or --test.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "student_trainer/data/dataset.h"

namespace distill {

// Which files a folder's name stands for: MNIST's convention, train-… and t10k-….
enum class DataRole { kTrain, kTest };

struct DataOptions {
  std::string path;  // a file of images, or a folder that holds some
  DataRole role = DataRole::kTrain;
  std::vector<std::string> class_names;  // empty: from class_names.txt beside the data, if there
};

// IDX (gzipped or not): PATH is the file of images, whose labels are looked for beside it
// (train-images-idx3-ubyte.gz → train-labels-idx1-ubyte.gz; without them it is unlabelled), or a
// folder with such files. class_names.txt beside them holds a name a line.
// The error names the file: NOT_FOUND; DATA_LOSS for a wrong magic number or length or a broken
// gzip stream; INVALID_ARGUMENT for no samples, labels that are more or fewer than the images, a
// label beyond the class names (with its index).
absl::StatusOr<std::unique_ptr<Dataset>> OpenDataset(const DataOptions& options);

// Reads a file of class names, one a line; empty lines at the end are ignored. INVALID_ARGUMENT for
// an empty or repeated name.
absl::StatusOr<std::vector<std::string>> ReadClassNames(const std::string& path);

}  // namespace distill
