// Opens a data set from IDX files.
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

struct IdxFiles {
  std::filesystem::path images;
  std::optional<std::filesystem::path> labels;  // absent: no sample is labelled
  std::vector<std::string> class_names;         // empty if not known
};

// Finds files by the convention of MNIST in `folder`: PREFIX-images-idx3-ubyte or -idx4-ubyte,
// plain before .gz, with PREFIX "train" or "t10k" by role. Returns nullopt if there are none;
// class_names stays empty.
std::optional<IdxFiles> FindIdxFiles(const std::filesystem::path& folder, DataRole role);

// Returns the names that FindIdxFiles looks for, for error messages.
std::vector<std::string> IdxFileNames(DataRole role);

// Returns a file of images and the labels in the same folder, PREFIX-labels-idx1-ubyte, if there
// are any.
IdxFiles WithLabelsBeside(const std::filesystem::path& images);

// The input is called "image". Samples are read from the files on demand, those of a gzipped file
// from memory. Errors name the file: those of IdxFile::Open; INVALID_ARGUMENT for no samples or
// empty ones, another number of labels than images, and a label beyond the class names.
absl::StatusOr<std::unique_ptr<Dataset>> OpenIdxDataset(const IdxFiles& files);

}  // namespace distill
