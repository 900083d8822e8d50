#include "student_trainer/data/formats/image_folder_dataset.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/class_names.h"
#include "student_trainer/data/formats/dataset_checks.h"
#include "student_trainer/data/images/decode_image.h"
#include "student_trainer/views/centre_view.h"

namespace distill {
namespace {

constexpr int64_t kMostImageSize = 8192;

absl::Span<const uint8_t> AsSpan(const std::string& contents) {
  return {reinterpret_cast<const uint8_t*>(contents.data()), contents.size()};
}

std::filesystem::path PathOf(const ImageFolder& folder, int64_t index) {
  return folder.root / std::string(folder.images[index]);
}

class ImageFolderDataset : public Dataset, public ImageSource {
 public:
  // `labels`: of each class folder.
  ImageFolderDataset(ImageFolder folder, std::vector<int64_t> labels,
                     std::vector<std::string> class_names, Shape shape, Resizer resizer)
      : folder_(std::move(folder)),
        labels_(std::move(labels)),
        class_names_(std::move(class_names)),
        input_{"image", DType::kUint8, std::move(shape)},
        resizer_(std::move(resizer)) {}

  int64_t size() const override { return folder_.images.size(); }
  const InputSpec& input() const override { return input_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int64_t classes() const override { return static_cast<int64_t>(class_names_.size()); }
  const ImageSource* images() const override { return this; }

  int64_t Label(int64_t index) const override {
    const std::vector<int64_t>& ends = folder_.class_ends;
    const auto after = std::upper_bound(ends.begin(), ends.end(), index);
    return ends.empty() ? kNoLabel : labels_[static_cast<size_t>(after - ends.begin())];
  }

  absl::StatusOr<Image> Decode(int64_t index) const override {
    const std::filesystem::path path = PathOf(folder_, index);
    ASSIGN_OR_RETURN(const std::string contents, ReadFile(path));
    ASSIGN_OR_RETURN(Image image, DecodeImage(AsSpan(contents), static_cast<int>(input_.shape[0])),
                     path.string());
    return image;
  }

  absl::Status Read(int64_t index, absl::Span<uint8_t> destination) const override {
    RETURN_IF_ERROR(CheckRead(folder_.root.string(), *this, index, destination));
    ASSIGN_OR_RETURN(Image image, Decode(index));
    ASSIGN_OR_RETURN(const Image view, CentreView(std::move(image), input_.shape, resizer_),
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
  const ImageFolder folder_;
  const std::vector<int64_t> labels_;
  const std::vector<std::string> class_names_;
  const InputSpec input_;
  const Resizer resizer_;
};

absl::StatusOr<ImageSize> SizeOf(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const std::string contents, ReadFile(path));
  ASSIGN_OR_RETURN(const ImageSize size, ReadImageSize(AsSpan(contents)), path.string());
  return size;
}

absl::StatusOr<ImageSize> SizeOfFirst(const ImageFolder& folder) {
  absl::StatusOr<ImageSize> first = SizeOf(PathOf(folder, 0));
  for (int64_t i = 1; absl::IsDataLoss(first.status()) && i < folder.images.size(); ++i) {
    const absl::StatusOr<ImageSize> size = SizeOf(PathOf(folder, i));
    if (size.ok()) return size;
  }
  return first;
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
  RETURN_IF_ERROR(CheckInRange("image_size", image_size, 0, kMostImageSize, "as the first image"));
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
  ImageSize size{options.image_size, options.image_size};
  if (options.image_size == 0) {
    ASSIGN_OR_RETURN(size, SizeOfFirst(folder));
  }
  return std::make_unique<ImageFolderDataset>(
      std::move(folder), std::move(labels), std::move(names),
      Shape{options.channels, size.height, size.width}, options.resizer);
}

}  // namespace distill
