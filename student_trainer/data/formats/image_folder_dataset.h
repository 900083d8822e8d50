// A data set from image files in folders.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "student_trainer/data/dataset.h"
#include "student_trainer/data/formats/image_folder.h"
#include "student_trainer/views/image.h"
#include "student_trainer/views/image_size.h"

namespace distill {

struct ImageFolderOptions {
  std::vector<std::string> class_names;  // in this order; empty: the folders' names, sorted
  std::optional<ImageSize> image_size;   // of a sample; unset: of the first readable image
  int channels = 3;                      // 1 or 3
  int64_t max_pixels = kMaxImagePixels;  // of a file; larger ones are broken
  Resizer resizer;                       // may be null if all images have the size of a sample

  absl::Status Validate() const;
};

// Holds paths alone: files are read and decoded when a sample is asked for. images() decodes at
// full size; Read is its CentreView. Errors name the file. INVALID_ARGUMENT for options out of
// range and for a class folder that is not among the class names; those of the first image where
// none can be read.
absl::StatusOr<std::unique_ptr<Dataset>> OpenImageFolder(ImageFolder folder,
                                                         const ImageFolderOptions& options);

}  // namespace distill
