#include "student_trainer/data/formats/array_dataset.h"

#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "common/contract/target_spec.h"
#include "common/model_directory/safetensors.h"
#include "common/tensor/elements.h"
#include "student_trainer/data/formats/dataset_checks.h"

namespace distill {
namespace {

template <typename T>
T Unaligned(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

// `labels` [n], in one piece.
int64_t LabelAt(const HostTensor& labels, int64_t index) {
  const uint8_t* const from =
      labels.bytes.piece(0).data() + static_cast<size_t>(index) * ByteWidth(labels.dtype);
  switch (labels.dtype) {
    case DType::kInt64:
      return Unaligned<int64_t>(from);
    case DType::kInt32:
      return Unaligned<int32_t>(from);
    default:
      return *from;
  }
}

InputSpec InputOf(const HostTensor& inputs) {
  const bool images = inputs.dtype == DType::kUint8 && inputs.shape.size() == 4;
  return {images ? "image" : "input", inputs.dtype,
          Shape(inputs.shape.begin() + 1, inputs.shape.end())};
}

class ArrayDataset : public Dataset {
 public:
  // Each tensor in one piece.
  ArrayDataset(std::string path, HostTensor inputs, std::optional<HostTensor> labels,
               int64_t classes, std::vector<std::string> class_names,
               std::vector<std::string> notes)
      : path_(std::move(path)),
        inputs_(std::move(inputs)),
        input_(InputOf(inputs_)),
        labels_(std::move(labels)),
        classes_(classes),
        class_names_(std::move(class_names)),
        notes_(std::move(notes)) {}

  int64_t size() const override { return inputs_.shape[0]; }
  const InputSpec& input() const override { return input_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int64_t classes() const override { return classes_; }
  std::vector<std::string> notes() const override { return notes_; }

  int64_t Label(int64_t index) const override {
    return labels_.has_value() ? LabelAt(*labels_, index) : kNoLabel;
  }

  absl::Status Read(int64_t index, absl::Span<uint8_t> destination) const override {
    RETURN_IF_ERROR(CheckRead(path_, *this, index, destination));
    const uint8_t* const samples = inputs_.bytes.piece(0).data();
    std::memcpy(destination.data(), samples + static_cast<size_t>(index) * destination.size(),
                destination.size());
    if (AllFinite(SliceRows(inputs_, index, index + 1))) return absl::OkStatus();
    return NotFinite(index, destination);
  }

 private:
  // Names the first element of `sample` that is not finite.
  absl::Status NotFinite(int64_t index, absl::Span<const uint8_t> sample) const {
    size_t first = 0;
    while (std::isfinite(ElementAt(input_.dtype, sample.data(), first))) ++first;
    Shape place(input_.shape.size());
    auto rest = static_cast<int64_t>(first);
    for (size_t d = place.size(); d-- > 0; rest /= input_.shape[d])
      place[d] = rest % input_.shape[d];
    return absl::DataLossError(
        absl::StrCat(path_, ": element ", ToString(place), " of sample ", index, " of 'inputs' is ",
                     ElementAt(input_.dtype, sample.data(), first), "; must be finite"));
  }

  const std::string path_;
  const HostTensor inputs_;
  const InputSpec input_;
  const std::optional<HostTensor> labels_;
  const int64_t classes_;
  const std::vector<std::string> class_names_;
  const std::vector<std::string> notes_;
};

// Whether samples are [height, width, 1, 3 or 4], as most tools but PyTorch write images: grey, RGB
// or RGBA.
bool LooksChannelsLast(const Shape& shape) {
  return shape.size() == 4 && (shape[3] == 1 || shape[3] == 3 || shape[3] == 4) && shape[1] > 4 &&
         shape[2] > 4;
}

std::string Describe(const HostTensor& tensor) {
  return absl::StrCat(Name(tensor.dtype), ToString(tensor.shape));
}

absl::Status CheckInputs(const std::string& path, const TensorMap& tensors) {
  const auto inputs = tensors.find("inputs");
  if (inputs == tensors.end()) {
    const std::string there = absl::StrJoin(tensors, ", ", [](std::string* out, const auto& entry) {
      absl::StrAppend(out, entry.first);
    });
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": there is no tensor 'inputs' [n, …] among its tensors (",
                     there.empty() ? "none" : there, ")"));
  }
  if (inputs->second.shape.empty() || inputs->second.bytes.empty()) {
    return InvalidValue(absl::StrCat(path, ": 'inputs'"), Describe(inputs->second),
                        "samples [n, …] that hold something");
  }
  return absl::OkStatus();
}

// The names of the tensor of labels, the usual one first.
constexpr std::array<absl::string_view, 4> kLabelNames = {"labels", "targets", "label", "y"};

TensorMap::const_iterator FindLabels(const TensorMap& tensors) {
  for (const absl::string_view name : kLabelNames) {
    if (const auto found = tensors.find(std::string(name)); found != tensors.end()) return found;
  }
  return tensors.end();
}

// What to tell of a file without labels: the tensors that may be meant as such.
std::string NoLabelsNote(const std::string& path, const TensorMap& tensors, int64_t samples) {
  std::vector<std::string> others;
  for (const auto& [name, tensor] : tensors) {
    if (name != "inputs" && !tensor.shape.empty() && tensor.shape[0] == samples) {
      others.push_back(absl::StrCat("'", name, "' ", Describe(tensor)));
    }
  }
  return absl::StrCat(path, ": it has no tensor called ", absl::StrJoin(kLabelNames, ", "),
                      others.empty() ? "" : absl::StrCat(", only ", absl::StrJoin(others, ", ")),
                      ", so its samples are unlabelled");
}

absl::Status CheckLabels(const std::string& path, const std::string& name, const HostTensor& labels,
                         int64_t samples) {
  const bool integers = labels.dtype == DType::kInt64 || labels.dtype == DType::kInt32 ||
                        labels.dtype == DType::kUint8;
  if (integers && labels.shape == Shape{samples}) return absl::OkStatus();
  return InvalidValue(
      absl::StrCat(path, ": '", name, "'"), Describe(labels),
      absl::StrCat("int64 (or int32, uint8) [", samples, "], one for each of the inputs"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Dataset>> OpenArrayDataset(
    const std::filesystem::path& path, const std::vector<std::string>& class_names) {
  ASSIGN_OR_RETURN(SafetensorsFile file, ReadSafetensors(path));
  RETURN_IF_ERROR(CheckInputs(path.string(), file.tensors));
  HostTensor inputs = file.tensors.at("inputs");
  std::optional<HostTensor> labels;
  auto classes = static_cast<int64_t>(class_names.size());
  std::vector<std::string> notes;
  if (const auto found = FindLabels(file.tensors); found == file.tensors.end()) {
    notes.push_back(NoLabelsNote(path.string(), file.tensors, inputs.shape[0]));
  } else {
    labels = found->second;
    RETURN_IF_ERROR(CheckLabels(path.string(), found->first, *labels, inputs.shape[0]));
    ASSIGN_OR_RETURN(
        classes, CountClasses(
                     path.string(), inputs.shape[0], [&](int64_t i) { return LabelAt(*labels, i); },
                     class_names, kMaxClasses));
  }
  if (LooksChannelsLast(inputs.shape)) {
    notes.push_back(absl::StrCat(path.string(), ": 'inputs' ", Describe(inputs),
                                 " look like images with channels last; images must be channels "
                                 "first, [n, channels, height, width]"));
  }
  return std::make_unique<ArrayDataset>(path.string(), std::move(inputs), std::move(labels),
                                        classes, class_names, std::move(notes));
}

}  // namespace distill
