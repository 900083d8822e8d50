// A data set from IDX files.
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
  std::optional<std::filesystem::path> labels;  // without: no sample is labelled
  std::vector<std::string> class_names;         // may be empty: not known
};

// MNIST's convention in `folder`, PREFIX-images-idx3-ubyte or -idx4-ubyte, plain before .gz, with
// PREFIX "train" or "t10k" by role. nullopt without; class_names stays empty.
std::optional<IdxFiles> FindIdxFiles(const std::filesystem::path& folder, DataRole role);

// The names that FindIdxFiles looks for, to be named in an error.
std::vector<std::string> IdxFileNames(DataRole role);

// A file of images with the labels beside it, PREFIX-labels-idx1-ubyte, where there are some.
IdxFiles WithLabelsBeside(const std::filesystem::path& images);

// The input is called "image". Samples are read from the files when they are asked for, those of a
// gzipped file from memory. Errors name the file: those of IdxFile::Open; INVALID_ARGUMENT for no
// samples or empty ones, labels that are more or fewer than the images, a label beyond the class
// names.
absl::StatusOr<std::unique_ptr<Dataset>> OpenIdxDataset(const IdxFiles& files);

}  // namespace distill
