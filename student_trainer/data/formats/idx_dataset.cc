#include "student_trainer/data/formats/idx_dataset.h"

#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
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
        input_{"image", DType::kUint8, Shape(images_.shape().begin() + 1, images_.shape().end())},
        labels_(std::move(labels)),
        classes_(classes),
        class_names_(std::move(class_names)) {}

  int64_t size() const override { return images_.shape()[0]; }
  const InputSpec& input() const override { return input_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int64_t classes() const override { return classes_; }

  int64_t Label(int64_t index) const override {
    return labels_.empty() ? kNoLabel : labels_[static_cast<size_t>(index)];
  }

  absl::Status Read(int64_t index, absl::Span<uint8_t> destination) const override {
    RETURN_IF_ERROR(CheckRead(path_, *this, index, destination));
    return images_.Read(static_cast<size_t>(index) * destination.size(), destination);
  }

 private:
  const std::string path_;
  const IdxFile images_;
  const InputSpec input_;
  const std::vector<uint8_t> labels_;
  const int64_t classes_;
  const std::vector<std::string> class_names_;
};

// Returns the file itself or the same gzipped, whichever exists first.
std::optional<std::filesystem::path> PlainOrGzipped(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) return path;
  std::filesystem::path gzipped = absl::StrCat(path.string(), ".gz");
  if (std::filesystem::exists(gzipped, error)) return gzipped;
  return std::nullopt;
}

std::vector<std::string> PlainNames(DataRole role) {
  const absl::string_view prefix = role == DataRole::kTrain ? "train" : "t10k";
  return {absl::StrCat(prefix, "-images-idx3-ubyte"), absl::StrCat(prefix, "-images-idx4-ubyte")};
}

absl::StatusOr<std::vector<uint8_t>> ReadLabels(const IdxFiles& files, int64_t samples) {
  ASSIGN_OR_RETURN(const HostTensor tensor, ReadIdx(*files.labels, IdxKind::kLabels));
  if (tensor.shape[0] != samples) {
    return absl::InvalidArgumentError(
        absl::StrCat(files.labels->string(), ": it holds ", tensor.shape[0], " labels, but ",
                     files.images.string(), " holds ", samples, " images"));
  }
  std::vector<uint8_t> labels(tensor.bytes.size());
  tensor.bytes.CopyTo(labels.data());
  return labels;
}

}  // namespace

std::optional<IdxFiles> FindIdxFiles(const std::filesystem::path& folder, DataRole role) {
  for (const std::string& name : PlainNames(role)) {
    if (const auto images = PlainOrGzipped(folder / name)) return WithLabelsBeside(*images);
  }
  return std::nullopt;
}

std::vector<std::string> IdxFileNames(DataRole role) {
  std::vector<std::string> names;
  for (const std::string& name : PlainNames(role)) {
    names.insert(names.end(), {name, absl::StrCat(name, ".gz")});
  }
  return names;
}

IdxFiles WithLabelsBeside(const std::filesystem::path& images) {
  IdxFiles files{images, std::nullopt, {}};
  std::string name = images.filename().string();
  if (absl::EndsWith(name, ".gz")) name.resize(name.size() - 3);
  for (const std::string part : {"images-idx3", "images-idx4"}) {
    const size_t position = name.rfind(part);
    if (position == std::string::npos) continue;
    name.replace(position, part.size(), "labels-idx1");
    files.labels = PlainOrGzipped(images.parent_path() / name);
    break;
  }
  return files;
}

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
