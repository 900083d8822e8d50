// Finds the IDX files of a data set by their names: MNIST's, and what archives, copies and related
// data sets make of them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "student_trainer/data/data_role.h"

namespace distill {

struct IdxFiles {
  std::filesystem::path images;
  std::optional<std::filesystem::path> labels;  // absent: no sample is labelled
  std::vector<std::string> class_names;         // empty if not known
};

// Finds the images of the role in `folder`, and their labels: PREFIXtrain-images-idx3-ubyte, or
// t10k or test by role, with idx4 for images of several channels, '.', '_' or '-' between the
// words, in upper or lower case, with .idx or .gz behind; or in a folder of such a name. A plain
// file is taken before a gzipped one, and one without PREFIX before others. Returns nullopt if
// there are none; INVALID_ARGUMENT names two if several PREFIXes are there. class_names stays
// empty.
absl::StatusOr<std::optional<IdxFiles>> FindIdxFiles(const std::filesystem::path& folder,
                                                     DataRole role);

// Returns a file of images and its labels, which have the same name with "labels" and "idx1" in the
// same variations, in the same folder or, where that has the name of a file, in one beside it.
IdxFiles WithLabelsBeside(const std::filesystem::path& images);

// Returns the usual names of the images, for error messages.
std::vector<std::string> IdxFileNames(DataRole role);

}  // namespace distill
