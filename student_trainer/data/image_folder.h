// Which images lie in a folder, and of which class they are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "student_trainer/data/path_list.h"

namespace distill {

struct ImageFolder {
  std::filesystem::path root;
  std::vector<std::string> classes;  // names of the class folders, sorted; none: a flat folder
  PathList images;                   // below root; by class, then by path
  std::vector<int64_t> class_ends;   // images of classes[i] end here; those of the next begin
};

// ROOT/CLASS/….jpg, .jpeg or .png, in upper or lower case, at any depth below the class folder; or
// a flat folder of images. Hidden files and folders are left out; links are followed. A class
// folder without images is a class. nullopt where there is no image at all. INVALID_ARGUMENT for
// images beside class folders, and for a folder that holds train and test folders instead of
// classes; FAILED_PRECONDITION for folders that nest without end; else what the system said.
absl::StatusOr<std::optional<ImageFolder>> ScanImageFolder(const std::filesystem::path& root);

// Whether a file's name ends as that of an image.
bool HasImageExtension(const std::filesystem::path& file);

}  // namespace distill
