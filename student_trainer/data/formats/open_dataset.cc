#include "student_trainer/data/formats/open_dataset.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/files.h"
#include "common/base/random_access_file.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/formats/array_dataset.h"
#include "student_trainer/data/formats/cifar_dataset.h"
#include "student_trainer/data/formats/folder_names.h"
#include "student_trainer/data/formats/gzip.h"
#include "student_trainer/data/formats/idx_dataset.h"
#include "student_trainer/data/formats/idx_file.h"
#include "student_trainer/data/formats/image_folder_dataset.h"

namespace distill {
namespace {

using DatasetOr = absl::StatusOr<std::unique_ptr<Dataset>>;

// Returns the given names, otherwise those of class_names.txt in the folder of `file`.
absl::StatusOr<std::vector<std::string>> NamesFor(const DataOptions& options,
                                                  const std::filesystem::path& file) {
  if (!options.class_names.empty()) return options.class_names;
  return ClassNamesIn(file.parent_path());
}

DatasetOr OpenIdx(const DataOptions& options, IdxFiles files) {
  ASSIGN_OR_RETURN(files.class_names, NamesFor(options, files.images));
  return OpenIdxDataset(files);
}

DatasetOr OpenArrays(const DataOptions& options, const std::filesystem::path& file) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesFor(options, file));
  return OpenArrayDataset(file, names);
}

// Decides by the name or the first bytes of the file.
absl::StatusOr<bool> LooksLikeIdx(const std::filesystem::path& path) {
  if (absl::StrContains(path.filename().string(), "-ubyte")) return true;
  constexpr uint64_t kPrefixBytes = 4;
  ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(path));
  std::string prefix(std::min(file.size(), kPrefixBytes), '\0');
  RETURN_IF_ERROR(file.ReadAt(0, {reinterpret_cast<uint8_t*>(prefix.data()), prefix.size()}));
  return IsGzip(prefix) || IsIdx(prefix);
}

DatasetOr OpenFile(const DataOptions& options, const std::filesystem::path& path) {
  const std::string extension = absl::AsciiStrToLower(path.extension().string());
  if (extension == ".safetensors") return OpenArrays(options, path);
  if (extension == ".bin") return OpenCifarDataset(WithNamesBeside(path), options.class_names);
  ASSIGN_OR_RETURN(const bool idx, LooksLikeIdx(path));
  if (idx) return OpenIdx(options, WithLabelsBeside(path));
  if (HasImageEnding(path.filename().string())) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.string(), ": it is a single image; name the folder that holds it"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path.string(),
                   ": the format of the file is not known; use IDX (MNIST's, gzipped or not), "
                   "CIFAR's binary version (.bin), .safetensors, or a folder"));
}

// A folder of IDX or CIFAR files, if `path` is one.
absl::StatusOr<std::unique_ptr<Dataset>> OpenFiles(const DataOptions& options,
                                                   const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const auto idx, FindIdxFiles(path, options.role));
  if (idx.has_value()) return OpenIdx(options, *idx);
  ASSIGN_OR_RETURN(const auto cifar, FindCifarFiles(path, options.role));
  if (cifar.has_value()) return OpenCifarDataset(*cifar, options.class_names);
  return nullptr;
}

// The folders in `folder`; none if there are many, as in a folder of classes.
std::vector<std::filesystem::path> FewFolders(const std::filesystem::path& folder) {
  constexpr int kMostEntries = 64;
  std::vector<std::filesystem::path> folders;
  int entries = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (++entries > kMostEntries) return {};
    std::error_code gone;
    if (entry->is_directory(gone) && !IsLeftover(entry->path().filename().string())) {
      folders.push_back(entry->path());
    }
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

// The files as OpenFiles finds them one or two levels below `path`, as archives have them
// (MNIST/raw). INVALID_ARGUMENT if several folders hold some.
DatasetOr OpenFilesBelow(const DataOptions& options, const std::filesystem::path& path) {
  std::unique_ptr<Dataset> found;
  std::filesystem::path where;
  std::vector<std::filesystem::path> level = FewFolders(path);
  for (int depth = 1; depth <= 2 && found == nullptr; ++depth) {
    std::vector<std::filesystem::path> next;
    for (const std::filesystem::path& folder : level) {
      ASSIGN_OR_RETURN(std::unique_ptr<Dataset> dataset, OpenFiles(options, folder));
      if (dataset != nullptr && found != nullptr) {
        return absl::InvalidArgumentError(absl::StrCat(path.string(), ": ", where.string(), " and ",
                                                       folder.string(),
                                                       " hold data sets; name one of them"));
      }
      if (dataset != nullptr) {
        found = std::move(dataset);
        where = folder;
      }
      const std::vector<std::filesystem::path> below = FewFolders(folder);
      next.insert(next.end(), below.begin(), below.end());
    }
    level = std::move(next);
  }
  return found;
}

DatasetOr OpenFolder(const DataOptions& options, const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<Dataset> files, OpenFiles(options, path));
  if (files != nullptr) return files;
  ASSIGN_OR_RETURN(files, OpenFilesBelow(options, path));
  if (files != nullptr) return files;
  ASSIGN_OR_RETURN(ImageFolder images,
                   ScanImageFolder(path, {.unlabelled = options.role == DataRole::kUnlabelled,
                                          .class_names = options.class_names}));
  if (images.images.size() > 0) {
    return OpenImageFolder(std::move(images),
                           {options.class_names, options.image_size, options.channels,
                            options.max_pixels, options.resizer});
  }
  const std::string others = DescribePassedOver(images.passed_over);
  return absl::NotFoundError(absl::StrCat(
      path.string(), ": the folder holds none of ", absl::StrJoin(IdxFileNames(options.role), ", "),
      " (IDX), none of ", absl::StrJoin(CifarFileNames(options.role), ", "), " (CIFAR), and no ",
      kImageEndings, " in it or in a folder per class",
      others.empty() ? "" : absl::StrCat(", only ", others),
      "; name a file instead, of images in IDX, .bin of CIFAR, or .safetensors"));
}

}  // namespace

DatasetOr OpenDataset(const DataOptions& options) {
  RETURN_IF_ERROR(CheckClassNames(options.class_names, options.path));
  const std::filesystem::path path = options.path;
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  switch (status.type()) {
    case std::filesystem::file_type::directory:
      return OpenFolder(options, path);
    case std::filesystem::file_type::regular:
      return OpenFile(options, path);
    case std::filesystem::file_type::not_found:
      return absl::NotFoundError(absl::StrCat(path.string(), ": no such file or folder"));
    case std::filesystem::file_type::none:
      return absl::InternalError(
          absl::StrCat("cannot open ", path.string(), ": ", error.message()));
    default:
      return absl::FailedPreconditionError(
          absl::StrCat(path.string(), ": it is neither a file nor a folder"));
  }
}

}  // namespace distill
