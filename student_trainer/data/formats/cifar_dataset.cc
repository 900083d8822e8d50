#include "student_trainer/data/formats/cifar_dataset.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/random_access_file.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/class_names.h"
#include "student_trainer/data/formats/dataset_checks.h"

namespace distill {
namespace {

constexpr uint64_t kImageBytes = 3 * 32 * 32;

// A record: its labels, of which the last is the one used, and the image.
struct Kind {
  uint64_t label_bytes = 0;
  int64_t classes = 0;

  uint64_t record_bytes() const { return label_bytes + kImageBytes; }
};

constexpr Kind kCifar10 = {1, 10};
constexpr Kind kCifar100 = {2, 100};  // the coarse label comes first

absl::StatusOr<Kind> KindOf(const RandomAccessFile& file) {
  const bool fits10 = file.size() % kCifar10.record_bytes() == 0;
  const bool fits100 = file.size() % kCifar100.record_bytes() == 0;
  if (file.size() == 0 || (!fits10 && !fits100)) {
    return absl::DataLossError(absl::StrCat(
        file.path().string(), ": the number of bytes is ", file.size(), "; must be a multiple of ",
        kCifar10.record_bytes(), " (records of CIFAR-10) or of ", kCifar100.record_bytes(),
        " (of CIFAR-100), and one record at least"));
  }
  const std::string name = file.path().filename().string();
  if (fits10 && fits100) return name == "train.bin" || name == "test.bin" ? kCifar100 : kCifar10;
  return fits10 ? kCifar10 : kCifar100;
}

// The records of several files, one file after the other.
class Records {
 public:
  static absl::StatusOr<Records> Open(const std::vector<std::filesystem::path>& paths) {
    Records records;
    for (const std::filesystem::path& path : paths) {
      ASSIGN_OR_RETURN(RandomAccessFile file, RandomAccessFile::Open(path));
      ASSIGN_OR_RETURN(const Kind kind, KindOf(file));
      if (records.files_.empty()) records.kind_ = kind;
      if (kind.record_bytes() != records.kind_.record_bytes()) {
        return absl::InvalidArgumentError(
            absl::StrCat(path.string(), ": it has records of ", kind.record_bytes(), " bytes, ",
                         paths[0].string(), " of ", records.kind_.record_bytes()));
      }
      records.ends_.push_back(records.size() +
                              static_cast<int64_t>(file.size() / kind.record_bytes()));
      records.files_.push_back(std::move(file));
    }
    return records;
  }

  int64_t size() const { return ends_.empty() ? 0 : ends_.back(); }
  const Kind& kind() const { return kind_; }

  absl::StatusOr<uint8_t> ReadLabel(int64_t index) const {
    uint8_t label = 0;
    RETURN_IF_ERROR(ReadAt(index, kind_.label_bytes - 1, absl::MakeSpan(&label, 1)));
    return label;
  }

  absl::Status ReadImage(int64_t index, absl::Span<uint8_t> destination) const {
    return ReadAt(index, kind_.label_bytes, destination);
  }

 private:
  absl::Status ReadAt(int64_t index, uint64_t offset, absl::Span<uint8_t> destination) const {
    const auto file = std::upper_bound(ends_.begin(), ends_.end(), index) - ends_.begin();
    const int64_t begin = file == 0 ? 0 : ends_[static_cast<size_t>(file - 1)];
    const uint64_t record = static_cast<uint64_t>(index - begin) * kind_.record_bytes();
    return files_[static_cast<size_t>(file)].ReadAt(record + offset, destination);
  }

  Kind kind_;
  std::vector<RandomAccessFile> files_;
  std::vector<int64_t> ends_;  // of the files' samples
};

class CifarDataset : public Dataset {
 public:
  CifarDataset(std::string path, Records records, std::vector<uint8_t> labels, int64_t classes,
               std::vector<std::string> class_names)
      : path_(std::move(path)),
        records_(std::move(records)),
        labels_(std::move(labels)),
        classes_(classes),
        class_names_(std::move(class_names)) {}

  int64_t size() const override { return records_.size(); }
  const std::vector<InputSpec>& inputs() const override { return inputs_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int64_t classes() const override { return classes_; }
  int64_t Label(int64_t index) const override { return labels_[static_cast<size_t>(index)]; }

  absl::Status Read(int64_t index, Destinations destinations) const override {
    RETURN_IF_ERROR(CheckRead(path_, *this, index, destinations));
    const absl::Span<uint8_t> destination = destinations[0];
    return records_.ReadImage(index, destination);
  }

 private:
  const std::string path_;
  const std::vector<InputSpec> inputs_{{"image", DType::kUint8, {3, 32, 32}}};
  const Records records_;
  const std::vector<uint8_t> labels_;
  const int64_t classes_;
  const std::vector<std::string> class_names_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Dataset>> OpenCifarDataset(
    const CifarFiles& files, const std::vector<std::string>& class_names) {
  ASSIGN_OR_RETURN(Records records, Records::Open(files.batches));
  std::vector<std::string> names = class_names;
  if (names.empty() && files.names.has_value()) {
    ASSIGN_OR_RETURN(names, ReadClassNames(files.names->string()));
  }
  std::vector<uint8_t> labels(static_cast<size_t>(records.size()));
  for (int64_t i = 0; i < records.size(); ++i) {
    ASSIGN_OR_RETURN(labels[static_cast<size_t>(i)], records.ReadLabel(i));
  }
  const std::string path = files.batches.size() == 1 ? files.batches[0].string()
                                                     : files.batches[0].parent_path().string();
  const auto label = [&](int64_t i) -> int64_t { return labels[static_cast<size_t>(i)]; };
  ASSIGN_OR_RETURN(const int64_t classes,
                   CountClasses(path, records.size(), label, names, records.kind().classes));
  return std::make_unique<CifarDataset>(path, std::move(records), std::move(labels), classes,
                                        std::move(names));
}

}  // namespace distill
