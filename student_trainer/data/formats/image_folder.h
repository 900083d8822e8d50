// Lists the images in a folder, and their classes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "student_trainer/data/formats/path_list.h"

namespace distill {

struct ImageFolder {
  std::filesystem::path root;
  std::vector<std::string> classes;  // names of the class folders, sorted; none: a flat folder
  PathList images;                   // below root; by class, then by path
  std::vector<int64_t> class_ends;   // images of classes[i] end here; those of the next begin
};

// Lists ROOT/CLASS/….jpg, .jpeg or .png, in upper or lower case, at any depth below the class
// folder; or a flat folder of images. Hidden files and folders are ignored; links are followed. A
// class folder without images is a class. Returns nullopt if there is no image at all;
// INVALID_ARGUMENT for images next to class folders, and for a folder that holds train and test
// folders instead of classes; FAILED_PRECONDITION for folders that nest without end; otherwise the
// error of the system.
absl::StatusOr<std::optional<ImageFolder>> ScanImageFolder(const std::filesystem::path& root);

// Returns whether the name of a file ends like that of an image.
bool HasImageExtension(const std::filesystem::path& file);

}  // namespace distill
