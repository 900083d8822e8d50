#include "student_trainer/data/formats/image_folder.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/check.h"
#include "common/base/count.h"
#include "common/base/files.h"
#include "common/base/known_names.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/formats/folder_names.h"

namespace distill {
namespace {

namespace fs = std::filesystem;

using PassedOver = std::map<std::string, int64_t>;

constexpr int kMostDepth = 32;  // of folders below the root

struct Listing {
  std::vector<std::string> folders;  // names, sorted
  std::vector<std::string> images;
  PassedOver passed_over;
};

absl::StatusOr<Listing> List(const fs::path& folder) {
  Listing listing;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (IsLeftover(name)) continue;
    std::error_code broken_link;  // a broken link to an image is kept, and fails when it is read
    if (entry->is_directory(broken_link)) {
      listing.folders.push_back(std::move(name));
    } else if (HasImageEnding(name)) {
      listing.images.push_back(std::move(name));
    } else {
      ++listing.passed_over[EndingOf(name)];
    }
  }
  if (error) return FileError("cannot list", folder, error.value());
  std::sort(listing.folders.begin(), listing.folders.end());
  std::sort(listing.images.begin(), listing.images.end());
  return listing;
}

void Add(const PassedOver& more, PassedOver& passed_over) {
  for (const auto& [ending, files] : more) passed_over[ending] += files;
}

// What is at a folder and below it, as paths below root.
struct Found {
  std::vector<std::string> images;
  PassedOver passed_over;
};

absl::Status FindImages(const fs::path& root, const std::string& relative, int depth,
                        Found& found) {
  if (depth > kMostDepth) {
    return absl::FailedPreconditionError(
        absl::StrCat((root / relative).string(), ": it lies ", depth,
                     " folders deep, as where a link leads back to a folder above it"));
  }
  ASSIGN_OR_RETURN(const Listing listing, List(root / relative));
  Add(listing.passed_over, found.passed_over);
  const std::string prefix = relative.empty() ? "" : absl::StrCat(relative, "/");
  for (const std::string& name : listing.images) {
    found.images.push_back(absl::StrCat(prefix, name));
  }
  for (const std::string& name : listing.folders) {
    RETURN_IF_ERROR(FindImages(root, absl::StrCat(prefix, name), depth + 1, found));
  }
  return absl::OkStatus();
}

absl::StatusOr<ImageFolder> ScanUnlabelled(const fs::path& root) {
  Found found;
  RETURN_IF_ERROR(FindImages(root, "", /*depth=*/0, found));
  std::sort(found.images.begin(), found.images.end());
  ImageFolder folder{.root = root, .passed_over = std::move(found.passed_over)};
  for (const std::string& image : found.images) folder.images.Add(image);
  return folder;
}

absl::Status AreNotClasses(const fs::path& folder, const std::vector<std::string>& splits) {
  return absl::InvalidArgumentError(absl::StrCat(
      folder.string(), ": it holds the folders ", SomeOf(splits),
      ", which would be taken for classes; name one of them, such as ",
      (folder / splits[0]).string(), ", or give the classes as ", Field("class_names")));
}

// The folders of `listing` are classes, and not the parts of a data set or what wraps the classes,
// once or several times.
absl::Status CheckAreClasses(const fs::path& root, Listing listing) {
  std::string only;  // the folder whose listing this is, below root
  for (int depth = 0; depth <= kMostDepth; ++depth) {
    if (!listing.images.empty()) return absl::OkStatus();
    if (const std::vector<std::string> splits = SplitsAmong(listing.folders); !splits.empty()) {
      return AreNotClasses(only.empty() ? root : root / only, splits);
    }
    if (listing.folders.size() != 1) break;
    only = only.empty() ? listing.folders[0] : absl::StrCat(only, "/", listing.folders[0]);
    ASSIGN_OR_RETURN(listing, List(root / only));
  }
  if (only.empty() || listing.folders.size() < 2) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      root.string(), ": its only folder is ", only, ", which holds the folders ",
      listing.folders[0], ", ", listing.folders[1], listing.folders.size() > 2 ? " and others" : "",
      "; name ", (root / only).string(), " if these are the classes, or give one class as ",
      Field("class_names")));
}

absl::Status CheckLayout(const fs::path& root, const Listing& listing, int64_t in_folders) {
  if (listing.images.empty() || in_folders == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      root.string(), ": it holds ", Count(static_cast<int64_t>(listing.images.size()), "image"),
      " such as ", listing.images[0], " beside folders of images such as ", listing.folders[0],
      "; make one folder per class with no image beside them, or keep images alone (unlabelled)"));
}

absl::Status EmptyClass(const fs::path& folder, const PassedOver& passed_over) {
  const std::string instead = DescribePassedOver(passed_over);
  return absl::InvalidArgumentError(
      absl::StrCat(folder.string(), ": the class folder has no image that can be read",
                   instead.empty() ? "" : absl::StrCat(", only ", instead),
                   "; convert its files to JPEG or PNG,", " remove it, or name its class in ",
                   Field("class_names")));
}

}  // namespace

absl::StatusOr<ImageFolder> ScanImageFolder(const fs::path& root, const ImageFolderScan& scan) {
  if (scan.unlabelled) return ScanUnlabelled(root);
  ASSIGN_OR_RETURN(const Listing listing, List(root));
  if (scan.class_names.empty()) RETURN_IF_ERROR(CheckAreClasses(root, listing));
  ImageFolder folder{.root = root, .passed_over = listing.passed_over};
  absl::Status empty_class;
  for (const std::string& name : listing.folders) {
    Found found;
    RETURN_IF_ERROR(FindImages(root, name, /*depth=*/1, found));
    if (found.images.empty() && empty_class.ok()) {
      empty_class = EmptyClass(root / name, found.passed_over);
    }
    std::sort(found.images.begin(), found.images.end());
    for (const std::string& image : found.images) folder.images.Add(image);
    Add(found.passed_over, folder.passed_over);
    folder.classes.push_back(name);
    folder.class_ends.push_back(folder.images.size());
  }
  RETURN_IF_ERROR(CheckLayout(root, listing, folder.images.size()));
  if (!listing.images.empty()) {  // the folders next to them hold none
    folder.classes.clear();
    folder.class_ends.clear();
    for (const std::string& image : listing.images) folder.images.Add(image);
    return folder;
  }
  if (folder.images.size() > 0 && scan.class_names.empty()) RETURN_IF_ERROR(empty_class);
  return folder;
}

std::string DescribePassedOver(const PassedOver& passed_over) {
  std::vector<std::pair<int64_t, std::string>> by_count;
  for (const auto& [ending, files] : passed_over) by_count.emplace_back(-files, ending);
  std::sort(by_count.begin(), by_count.end());
  return absl::StrJoin(by_count, ", ", [](std::string* out, const auto& entry) {
    const auto& [negative_count, ending] = entry;
    absl::StrAppend(out, ending.empty()
                             ? absl::StrCat(Count(-negative_count, "file"), " without an ending")
                             : absl::StrCat(-negative_count, " ", ending));
  });
}

}  // namespace distill
