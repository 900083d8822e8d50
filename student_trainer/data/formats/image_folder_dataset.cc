#include "student_trainer/data/formats/image_folder_dataset.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/count.h"
#include "common/base/files.h"
#include "common/base/known_names.h"
#include "common/base/mutex.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/class_names.h"
#include "student_trainer/data/formats/dataset_checks.h"
#include "student_trainer/data/formats/folder_names.h"
#include "student_trainer/data/images/decode_image.h"
#include "student_trainer/views/centre_view.h"
#include "student_trainer/views/image_size.h"

namespace distill {
namespace {

absl::Span<const uint8_t> AsSpan(const std::string& contents) {
  return {reinterpret_cast<const uint8_t*>(contents.data()), contents.size()};
}

std::filesystem::path PathOf(const ImageFolder& folder, int64_t index) {
  return folder.root / std::string(folder.images[index]);
}

// A file that was listed and is gone, or a link to nothing, counts as broken like other files.
absl::StatusOr<std::string> ReadImageFile(const std::filesystem::path& path) {
  absl::StatusOr<std::string> contents = ReadFile(path);
  if (absl::IsNotFound(contents.status())) return absl::DataLossError(contents.status().message());
  return contents;
}

class ImageFolderDataset : public Dataset, public ImageSource {
 public:
  // `labels`: of each class folder.
  ImageFolderDataset(ImageFolder folder, std::vector<int64_t> labels,
                     std::vector<std::string> class_names, std::vector<std::string> notes,
                     Shape shape, int64_t max_pixels, Resizer resizer)
      : folder_(std::move(folder)),
        labels_(std::move(labels)),
        class_names_(std::move(class_names)),
        notes_(std::move(notes)),
        inputs_{{"image", DType::kUint8, std::move(shape)}},
        max_pixels_(max_pixels),
        resizer_(std::move(resizer)) {}

  int64_t size() const override { return folder_.images.size(); }
  const std::vector<InputSpec>& inputs() const override { return inputs_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int64_t classes() const override { return static_cast<int64_t>(class_names_.size()); }
  const ImageSource* images() const override { return this; }

  std::vector<std::string> notes() const override { return notes_; }

  std::vector<std::string> reading_notes() const override {
    const MutexLock lock(mutex_);
    if (remarked_.empty()) return {};
    const bool one = remarked_.size() == 1;
    return {absl::StrCat(folder_.root.string(), ": ",
                         Count(static_cast<int64_t>(remarked_.size()), "file"),
                         one ? " is read though its decoder warns of it: "
                             : " are read though their decoder warns of them, such as ",
                         first_remark_)};
  }

  int64_t Label(int64_t index) const override {
    const std::vector<int64_t>& ends = folder_.class_ends;
    const auto after = std::upper_bound(ends.begin(), ends.end(), index);
    return ends.empty() ? kNoLabel : labels_[static_cast<size_t>(after - ends.begin())];
  }

  absl::StatusOr<Image> Decode(int64_t index) const override {
    const std::filesystem::path path = PathOf(folder_, index);
    ASSIGN_OR_RETURN(const std::string contents, ReadImageFile(path));
    std::string remark;
    ASSIGN_OR_RETURN(
        Image image,
        DecodeImage(AsSpan(contents), static_cast<int>(input().shape[0]), max_pixels_, &remark),
        path.string());
    if (!remark.empty()) KeepRemark(index, remark);
    return image;
  }

  absl::Status Read(int64_t index, Destinations destinations) const override {
    RETURN_IF_ERROR(CheckRead(folder_.root.string(), *this, index, destinations));
    const absl::Span<uint8_t> destination = destinations[0];
    ASSIGN_OR_RETURN(Image image, Decode(index));
    ASSIGN_OR_RETURN(const Image view, CentreView(std::move(image), input().shape, resizer_),
                     PathOf(folder_, index).string());
    if (view.pixels.size() != destination.size()) {
      return absl::InternalError(absl::StrCat(PathOf(folder_, index).string(),
                                              ": it was resized to ", view.pixels.size(),
                                              " bytes instead of ", destination.size()));
    }
    std::memcpy(destination.data(), view.pixels.data(), destination.size());
    return absl::OkStatus();
  }

 private:
  void KeepRemark(int64_t index, const std::string& remark) const {
    const MutexLock lock(mutex_);
    if (remarked_.empty())
      first_remark_ = absl::StrCat(PathOf(folder_, index).string(), ": ", remark);
    remarked_.insert(index);
  }

  const ImageFolder folder_;
  const std::vector<int64_t> labels_;
  const std::vector<std::string> class_names_;
  const std::vector<std::string> notes_;
  const std::vector<InputSpec> inputs_;
  const int64_t max_pixels_;
  const Resizer resizer_;

  mutable Mutex mutex_;
  mutable std::set<int64_t> remarked_ ABSL_GUARDED_BY(mutex_);
  mutable std::string first_remark_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<ImageSize> SizeOf(const std::filesystem::path& path, int64_t max_pixels) {
  ASSIGN_OR_RETURN(const std::string contents, ReadImageFile(path));
  ASSIGN_OR_RETURN(const ImageSize size, ReadImageSize(AsSpan(contents), max_pixels),
                   path.string());
  return size;
}

absl::StatusOr<ImageSize> SizeOfFirst(const ImageFolder& folder, int64_t max_pixels) {
  absl::StatusOr<ImageSize> first = SizeOf(PathOf(folder, 0), max_pixels);
  for (int64_t i = 1; absl::IsDataLoss(first.status()) && i < folder.images.size(); ++i) {
    const absl::StatusOr<ImageSize> size = SizeOf(PathOf(folder, i), max_pixels);
    if (size.ok()) return size;
  }
  return first;
}

std::vector<std::string> NotesOf(const ImageFolder& folder, bool names_given) {
  std::vector<std::string> notes;
  const std::vector<std::string> annotated = ImagesAndAnnotationsAmong(folder.classes);
  if (!names_given && !annotated.empty()) {
    notes.push_back(absl::StrCat(folder.root.string(), ": its folders ", SomeOf(annotated),
                                 " are taken for classes, though they look like images and their "
                                 "annotations; classification takes one folder per class"));
  }
  int64_t files = 0;
  for (const auto& [ending, count] : folder.passed_over) files += count;
  if (files > 0) {
    notes.push_back(absl::StrCat(
        folder.root.string(), ": ", Count(files, "file"),
        files == 1 ? " is passed over, as it is not " : " are passed over, as they are not ",
        kImageEndings, " (", DescribePassedOver(folder.passed_over), ")"));
  }
  return notes;
}

// The index of each class folder among `names`.
absl::StatusOr<std::vector<int64_t>> LabelsOf(const ImageFolder& folder,
                                              const std::vector<std::string>& names) {
  std::vector<int64_t> labels;
  for (const std::string& name : folder.classes) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          folder.root.string(), ": the class folders are not those of the class names: ",
          DescribeClassDifference("the folder", folder.classes, "the list", names)));
    }
    labels.push_back(found - names.begin());
  }
  return labels;
}

}  // namespace

absl::Status ImageFolderOptions::Validate() const {
  RETURN_IF_ERROR(CheckImageSize("image_size", image_size));
  if (channels == 1 || channels == 3) return absl::OkStatus();
  return InvalidField("image_channels", channels, "1 (grey) or 3 (RGB)");
}

absl::StatusOr<std::unique_ptr<Dataset>> OpenImageFolder(ImageFolder folder,
                                                         const ImageFolderOptions& options) {
  RETURN_IF_ERROR(options.Validate());
  RETURN_IF_ERROR(CheckClassNames(folder.classes, folder.root.string()));
  std::vector<std::string> names =
      options.class_names.empty() ? folder.classes : options.class_names;
  ASSIGN_OR_RETURN(std::vector<int64_t> labels, LabelsOf(folder, names));
  std::vector<std::string> notes = NotesOf(folder, !options.class_names.empty());
  ImageSize size;
  if (options.image_size.has_value()) {
    size = *options.image_size;
  } else {
    ASSIGN_OR_RETURN(size, SizeOfFirst(folder, options.max_pixels));
  }
  return std::make_unique<ImageFolderDataset>(
      std::move(folder), std::move(labels), std::move(names), std::move(notes),
      Shape{options.channels, size.height, size.width}, options.max_pixels, options.resizer);
}

}  // namespace distill
