#include "student_trainer/data/formats/image_folder.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

namespace fs = std::filesystem;

struct Listing {
  std::vector<std::string> folders;  // names, sorted
  std::vector<std::string> images;
};

absl::StatusOr<Listing> List(const fs::path& folder) {
  Listing listing;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name[0] == '.') continue;
    std::error_code broken_link;  // a broken link to an image is kept, and fails when it is read
    if (entry->is_directory(broken_link)) {
      listing.folders.push_back(std::move(name));
    } else if (HasImageExtension(name)) {
      listing.images.push_back(std::move(name));
    }
  }
  if (error) return FileError("cannot list", folder, error.value());
  std::sort(listing.folders.begin(), listing.folders.end());
  std::sort(listing.images.begin(), listing.images.end());
  return listing;
}

// Adds the images at `relative` and below to `images`, as paths below root.
absl::Status FindImages(const fs::path& root, const std::string& relative, int depth,
                        std::vector<std::string>& images) {
  constexpr int kMostDepth = 32;
  if (depth > kMostDepth) {
    return absl::FailedPreconditionError(
        absl::StrCat((root / relative).string(), ": it lies ", depth,
                     " folders deep, as where a link leads back to a folder above it"));
  }
  ASSIGN_OR_RETURN(const Listing listing, List(root / relative));
  for (const std::string& name : listing.images) {
    images.push_back(absl::StrCat(relative, "/", name));
  }
  for (const std::string& name : listing.folders) {
    RETURN_IF_ERROR(FindImages(root, absl::StrCat(relative, "/", name), depth + 1, images));
  }
  return absl::OkStatus();
}

// Returns whether these are the parts of a data set and not its classes.
bool AreSplits(const std::vector<std::string>& folders) {
  const auto is_split = [](const std::string& name) {
    const std::string lower = absl::AsciiStrToLower(name);
    return lower == "train" || lower == "test" || lower == "val" || lower == "valid" ||
           lower == "validation";
  };
  return folders.size() >= 2 && std::all_of(folders.begin(), folders.end(), is_split);
}

absl::Status CheckLayout(const fs::path& root, const Listing& listing, int64_t in_folders) {
  if (listing.images.empty() || in_folders == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      root.string(), ": it holds ", listing.images.size(), " images such as ", listing.images[0],
      " beside folders of images such as ", listing.folders[0],
      "; make one folder per class with no image beside them, or keep images alone (unlabelled)"));
}

}  // namespace

bool HasImageExtension(const fs::path& file) {
  const std::string extension = absl::AsciiStrToLower(file.extension().string());
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

absl::StatusOr<std::optional<ImageFolder>> ScanImageFolder(const fs::path& root) {
  ASSIGN_OR_RETURN(const Listing listing, List(root));
  if (listing.images.empty() && AreSplits(listing.folders)) {
    return absl::InvalidArgumentError(
        absl::StrCat(root.string(), ": it holds the folders ", absl::StrJoin(listing.folders, ", "),
                     ", which would be taken for classes; name one of them, such as ",
                     (root / listing.folders[0]).string()));
  }
  ImageFolder folder{root, {}, {}, {}};
  for (const std::string& name : listing.folders) {
    std::vector<std::string> images;
    RETURN_IF_ERROR(FindImages(root, name, /*depth=*/1, images));
    std::sort(images.begin(), images.end());
    for (const std::string& image : images) folder.images.Add(image);
    folder.classes.push_back(name);
    folder.class_ends.push_back(folder.images.size());
  }
  RETURN_IF_ERROR(CheckLayout(root, listing, folder.images.size()));
  if (!listing.images.empty()) {  // the folders next to them hold none
    folder.classes.clear();
    folder.class_ends.clear();
    for (const std::string& image : listing.images) folder.images.Add(image);
  }
  if (folder.images.size() == 0) return std::nullopt;
  return folder;
}

}  // namespace distill
