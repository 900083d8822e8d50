// Opens a data set from IDX files.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "student_trainer/data/dataset.h"
#include "student_trainer/data/formats/idx_names.h"

namespace distill {

// The input is called "image". Samples are read from the files on demand, those of a gzipped file
// from memory. Errors name the file: those of IdxFile::Open; INVALID_ARGUMENT for no samples or
// empty ones, another number of labels than images, and a label beyond the class names.
absl::StatusOr<std::unique_ptr<Dataset>> OpenIdxDataset(const IdxFiles& files);

}  // namespace distill
