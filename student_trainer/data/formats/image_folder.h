// Lists the images in a folder, and their classes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
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

  // What is not an image, hidden or a leftover: how many files, by ending (EndingOf).
  std::map<std::string, int64_t> passed_over;
};

struct ImageFolderScan {
  // Every image below the folder, at any depth, without a class.
  bool unlabelled = false;
  // If given: the folders are classes whatever their names, and those without images are classes.
  std::vector<std::string> class_names;
};

// Lists ROOT/CLASS/… with kImageEndings, at any depth below the class folder; or a flat folder of
// images. Leftovers (folder_names.h) are ignored; links are followed. A folder may have no images.
// INVALID_ARGUMENT for images next to class folders, a class folder without images, which is named
// with what it holds instead, a folder that holds parts such as train and test instead of classes,
// and one whose only folder, or the only one below that, holds the classes; FAILED_PRECONDITION for
// folders that nest without end; otherwise the error of the system.
absl::StatusOr<ImageFolder> ScanImageFolder(const std::filesystem::path& root,
                                            const ImageFolderScan& scan = {});

// "40 .webp, 2 files without an ending", the most frequent first; empty if nothing was passed over.
std::string DescribePassedOver(const std::map<std::string, int64_t>& passed_over);

}  // namespace distill
