#include "student_trainer/data/formats/idx_dataset.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/count.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/formats/dataset_checks.h"
#include "student_trainer/data/formats/idx_file.h"

namespace distill {
namespace {

constexpr int64_t kMaxIdxClasses = 256;  // a label is one byte

class IdxDataset : public Dataset {
 public:
  // `images`: [n, channels, height, width]; `labels`: one per sample, or none.
  IdxDataset(std::string path, IdxFile images, std::vector<uint8_t> labels, int64_t classes,
             std::vector<std::string> class_names)
      : path_(std::move(path)),
        images_(std::move(images)),
        inputs_{
            {"image", DType::kUint8, Shape(images_.shape().begin() + 1, images_.shape().end())}},
        labels_(std::move(labels)),
        classes_(classes),
        class_names_(std::move(class_names)) {}

  int64_t size() const override { return images_.shape()[0]; }
  const std::vector<InputSpec>& inputs() const override { return inputs_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int64_t classes() const override { return classes_; }

  std::vector<std::string> notes() const override {
    if (!labels_.empty()) return {};
    return {absl::StrCat(path_, ": no file of labels with the same name is beside it, such as ",
                         "train-labels-idx1-ubyte, so its samples are unlabelled")};
  }

  int64_t Label(int64_t index) const override {
    return labels_.empty() ? kNoLabel : labels_[static_cast<size_t>(index)];
  }

  absl::Status Read(int64_t index, Destinations destinations) const override {
    RETURN_IF_ERROR(CheckRead(path_, *this, index, destinations));
    const absl::Span<uint8_t> destination = destinations[0];
    return images_.Read(static_cast<size_t>(index) * destination.size(), destination);
  }

 private:
  const std::string path_;
  const IdxFile images_;
  const std::vector<InputSpec> inputs_;
  const std::vector<uint8_t> labels_;
  const int64_t classes_;
  const std::vector<std::string> class_names_;
};

absl::StatusOr<std::vector<uint8_t>> ReadLabels(const IdxFiles& files, int64_t samples) {
  ASSIGN_OR_RETURN(const HostTensor tensor, ReadIdx(*files.labels, IdxKind::kLabels));
  if (tensor.shape[0] != samples) {
    return absl::InvalidArgumentError(
        absl::StrCat(files.labels->string(), ": it holds ", Count(tensor.shape[0], "label"),
                     ", but ", files.images.string(), " holds ", Count(samples, "image")));
  }
  std::vector<uint8_t> labels(tensor.bytes.size());
  tensor.bytes.CopyTo(labels.data());
  return labels;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Dataset>> OpenIdxDataset(const IdxFiles& files) {
  ASSIGN_OR_RETURN(IdxFile images, IdxFile::Open(files.images, IdxKind::kImages));
  ASSIGN_OR_RETURN(const int64_t elements, NumElements(images.shape()));
  if (elements == 0) {
    return absl::InvalidArgumentError(absl::StrCat(files.images.string(), ": images of shape ",
                                                   ToString(images.shape()),
                                                   " ([n, channels, height, width]) hold nothing"));
  }
  std::vector<uint8_t> labels;
  int64_t classes = static_cast<int64_t>(files.class_names.size());
  if (files.labels.has_value()) {
    ASSIGN_OR_RETURN(labels, ReadLabels(files, images.shape()[0]));
    const auto label = [&](int64_t i) -> int64_t { return labels[static_cast<size_t>(i)]; };
    ASSIGN_OR_RETURN(classes, CountClasses(files.labels->string(), images.shape()[0], label,
                                           files.class_names, kMaxIdxClasses));
  }
  return std::make_unique<IdxDataset>(files.images.string(), std::move(images), std::move(labels),
                                      classes, files.class_names);
}

}  // namespace distill
