#include "student_trainer/data/idx_dataset.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/idx_file.h"

namespace distill {
namespace {

class IdxDataset : public Dataset {
 public:
  // `images`: uint8 [n, channels, height, width], in one piece; `labels`: one a sample, or none.
  IdxDataset(std::string path, HostTensor images, std::vector<uint8_t> labels,
             std::vector<std::string> class_names)
      : path_(std::move(path)),
        images_(std::move(images)),
        input_{"image", images_.dtype, Shape(images_.shape.begin() + 1, images_.shape.end())},
        sample_bytes_(images_.bytes.size() / static_cast<size_t>(images_.shape[0])),
        labels_(std::move(labels)),
        class_names_(std::move(class_names)) {
    if (!class_names_.empty()) {
      classes_ = static_cast<int64_t>(class_names_.size());
    } else if (!labels_.empty()) {
      classes_ = *std::max_element(labels_.begin(), labels_.end()) + 1;
    }
  }

  int64_t size() const override { return images_.shape[0]; }
  const InputSpec& input() const override { return input_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int64_t classes() const override { return classes_; }

  int64_t Label(int64_t index) const override {
    return labels_.empty() ? kUnlabelled : labels_[static_cast<size_t>(index)];
  }

  absl::Status Read(int64_t index, absl::Span<uint8_t> destination) const override {
    if (index < 0 || index >= size()) {
      return absl::OutOfRangeError(
          absl::StrCat(path_, ": sample ", index, " of ", size(), " was asked for"));
    }
    if (destination.size() != sample_bytes_) {
      return absl::InvalidArgumentError(absl::StrCat(
          path_, ": a sample has ", sample_bytes_, " bytes, the destination ", destination.size()));
    }
    std::memcpy(destination.data(),
                images_.bytes.piece(0).data() + static_cast<size_t>(index) * sample_bytes_,
                sample_bytes_);
    return absl::OkStatus();
  }

 private:
  const std::string path_;
  const HostTensor images_;
  const InputSpec input_;
  const size_t sample_bytes_;
  const std::vector<uint8_t> labels_;
  const std::vector<std::string> class_names_;
  int64_t classes_ = 0;
};

absl::Status CheckLabels(absl::Span<const uint8_t> labels, const IdxFiles& files, int64_t samples) {
  const std::string path = files.labels->string();
  if (static_cast<int64_t>(labels.size()) != samples) {
    return absl::InvalidArgumentError(absl::StrCat(path, " holds ", labels.size(), " labels, but ",
                                                   files.images.string(), " holds ", samples,
                                                   " images"));
  }
  const size_t names = files.class_names.size();
  for (size_t i = 0; names > 0 && i < labels.size(); ++i) {
    if (labels[i] >= names) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": the label of sample ", i, " is ",
                                                     labels[i], ", but there are ", names,
                                                     " class names (0 to ", names - 1, ")"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Dataset>> OpenIdxDataset(const IdxFiles& files) {
  ASSIGN_OR_RETURN(HostTensor images, ReadIdx(files.images, IdxKind::kImages));
  if (images.bytes.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(files.images.string(), ": images of shape ",
                                                   ToString(images.shape),
                                                   " ([n, channels, height, width]) hold nothing"));
  }
  std::vector<uint8_t> labels;
  if (files.labels.has_value()) {
    ASSIGN_OR_RETURN(const HostTensor tensor, ReadIdx(*files.labels, IdxKind::kLabels));
    labels.resize(tensor.bytes.size());
    tensor.bytes.CopyTo(labels.data());
    RETURN_IF_ERROR(CheckLabels(labels, files, images.shape[0]));
  }
  return std::make_unique<IdxDataset>(files.images.string(), std::move(images), std::move(labels),
                                      files.class_names);
}

}  // namespace distill
