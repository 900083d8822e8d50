#include "student_trainer/data/formats/array_dataset.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
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

// One input of the data set.
struct Array {
  std::string name;  // of its tensor
  InputSpec spec;
  HostTensor values;             // in one piece
  std::vector<int64_t> offsets;  // of samples with lengths: where each begins, and the end

  int64_t samples() const {
    return offsets.empty() ? values.shape[0] : static_cast<int64_t>(offsets.size()) - 1;
  }
  // Returns the rows of the tensor that are those of a sample.
  std::pair<int64_t, int64_t> RowsOf(int64_t sample) const {
    if (offsets.empty()) return {sample, sample + 1};
    return {offsets[static_cast<size_t>(sample)], offsets[static_cast<size_t>(sample) + 1]};
  }
};

// How labels belong to samples.
enum class LabelsAre { kOfSamples, kOfPositions };

class ArrayDataset : public Dataset {
 public:
  // Labels [n], [n, positions], or [sum of the lengths], in one piece.
  ArrayDataset(std::string path, std::vector<Array> arrays, std::optional<HostTensor> labels,
               LabelsAre labels_are, int64_t classes, std::vector<std::string> class_names,
               std::vector<std::string> notes)
      : path_(std::move(path)),
        arrays_(std::move(arrays)),
        labels_(std::move(labels)),
        labels_are_(labels_are),
        classes_(classes),
        class_names_(std::move(class_names)),
        notes_(std::move(notes)) {
    for (const Array& array : arrays_) {
      inputs_.push_back(array.spec);
      if (lengths_ == nullptr && !array.offsets.empty()) lengths_ = &array;
    }
  }

  int64_t size() const override { return arrays_.front().samples(); }
  const std::vector<InputSpec>& inputs() const override { return inputs_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int64_t classes() const override { return classes_; }
  std::vector<std::string> notes() const override { return notes_; }
  bool labels_by_position() const override { return labels_are_ == LabelsAre::kOfPositions; }

  int64_t Length(int64_t index) const override {
    if (lengths_ == nullptr) return 0;
    const auto [begin, end] = lengths_->RowsOf(index);
    return end - begin;
  }

  int64_t Label(int64_t index) const override {
    if (!labels_.has_value()) return kNoLabel;
    if (!labels_by_position()) return LabelAt(*labels_, index);
    const std::vector<int64_t> labels = Labels(index);
    const bool any = std::any_of(labels.begin(), labels.end(), [](int64_t l) { return l >= 0; });
    return any ? 0 : kNoLabel;
  }

  std::vector<int64_t> Labels(int64_t index) const override {
    if (!labels_by_position()) return {Label(index)};
    const auto [begin, end] = LabelsOf(index);
    std::vector<int64_t> labels;
    for (int64_t i = begin; i < end; ++i) labels.push_back(LabelAt(*labels_, i));
    return labels;
  }

  absl::Status Read(int64_t index, Destinations destinations) const override {
    RETURN_IF_ERROR(CheckRead(path_, *this, index, destinations));
    for (size_t i = 0; i < arrays_.size(); ++i) {
      const Array& array = arrays_[i];
      const auto [begin, end] = array.RowsOf(index);
      const HostTensor rows = SliceRows(array.values, begin, end);
      rows.bytes.CopyTo(destinations[i].data());
      if (!AllFinite(rows)) return NotFinite(array, index, rows.shape, destinations[i]);
    }
    if (!labels_by_position()) return absl::OkStatus();
    const std::vector<int64_t> labels = Labels(index);
    if (std::count(labels.begin(), labels.end(), kIgnoredPosition) <
        static_cast<int64_t>(labels.size())) {
      return absl::OkStatus();
    }
    return absl::DataLossError(absl::StrCat(path_, ": all labels of sample ", index, " are ",
                                            kIgnoredPosition,
                                            ", so it has no position to learn from"));
  }

 private:
  // Returns where the labels of a sample are, where they are of positions.
  std::pair<int64_t, int64_t> LabelsOf(int64_t index) const {
    if (labels_->shape.size() == 1) return lengths_->RowsOf(index);
    return {index * labels_->shape[1], (index + 1) * labels_->shape[1]};
  }

  // Names the first element of `sample` that is not finite. `shape`: of its rows in the tensor.
  absl::Status NotFinite(const Array& array, int64_t index, Shape shape,
                         absl::Span<const uint8_t> sample) const {
    if (array.offsets.empty()) shape.erase(shape.begin());
    size_t first = 0;
    while (std::isfinite(ElementAt(array.spec.dtype, sample.data(), first))) ++first;
    Shape place(shape.size());
    auto rest = static_cast<int64_t>(first);
    for (size_t d = place.size(); d-- > 0; rest /= shape[d]) place[d] = rest % shape[d];
    return absl::DataLossError(absl::StrCat(
        path_, ": element ", ToString(place), " of sample ", index, " of '", array.name, "' is ",
        ElementAt(array.spec.dtype, sample.data(), first), "; must be finite"));
  }

  const std::string path_;
  const std::vector<Array> arrays_;
  const Array* lengths_ = nullptr;  // the first whose samples have lengths
  std::vector<InputSpec> inputs_;
  const std::optional<HostTensor> labels_;
  const LabelsAre labels_are_;
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

constexpr char kInputs[] = "inputs";
constexpr absl::string_view kNamedInput = "inputs.";  // before the name of one of several
constexpr absl::string_view kLengths = ".lengths";    // behind the name of an input's tensor

// The names of the tensors of inputs: "inputs", or all "inputs.NAME".
absl::StatusOr<std::vector<std::string>> NamesOfInputs(const std::string& path,
                                                       const TensorMap& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) {
    const bool is_input = name == kInputs || absl::StartsWith(name, kNamedInput);
    if (is_input && !absl::EndsWith(name, kLengths)) names.push_back(name);
  }
  for (const auto& [name, tensor] : tensors) {
    absl::string_view input = name;
    if (!absl::ConsumeSuffix(&input, kLengths) || input.empty()) continue;
    if (std::find(names.begin(), names.end(), input) == names.end() &&
        absl::StartsWith(name, kInputs)) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": there is no tensor '", input,
                                                     "' that '", name, "' has the lengths of"));
    }
  }
  if (names.size() > 1 && tensors.contains(kInputs)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": there are 'inputs' and '", names[1],
                                                   "'; call each of several inputs ",
                                                   "'inputs.NAME'"));
  }
  if (!names.empty()) return names;
  const std::string there = absl::StrJoin(tensors, ", ", [](std::string* out, const auto& entry) {
    absl::StrAppend(out, entry.first);
  });
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": there is no tensor 'inputs' [n, …], or 'inputs.NAME' of one of several inputs, ",
      "among its tensors (", there.empty() ? "none" : there, ")"));
}

// Returns where each sample of such lengths begins, and the end.
absl::StatusOr<std::vector<int64_t>> OffsetsOf(const std::string& where, const HostTensor& lengths,
                                               int64_t rows) {
  const bool integers = lengths.dtype == DType::kInt64 || lengths.dtype == DType::kInt32;
  if (!integers || lengths.shape.size() != 1 || lengths.shape[0] == 0) {
    return InvalidValue(absl::StrCat(where, "'"), Describe(lengths),
                        "int64 or int32 [n], one per sample");
  }
  constexpr int64_t kMostRows = int64_t{1} << 61;
  std::vector<int64_t> offsets = {0};
  for (int64_t i = 0; i < lengths.shape[0]; ++i) {
    const int64_t length = LabelAt(lengths, i);
    if (length < 1 || length > rows) {
      return InvalidValue(absl::StrCat(where, "' of sample ", i), length,
                          absl::StrCat("1 to ", rows, ", the rows of the input"));
    }
    // Beyond `rows` it is not exact, which is enough to refuse it.
    offsets.push_back(std::min(offsets.back(), kMostRows) + length);
  }
  if (offsets.back() == rows) return offsets;
  return InvalidValue(absl::StrCat("the sum of ", where, "'"), offsets.back(),
                      absl::StrCat(rows, ", the rows of the input"));
}

absl::StatusOr<Array> ReadArray(const std::string& path, const TensorMap& tensors,
                                const std::string& name) {
  Array array{.name = name, .values = tensors.at(name)};
  const Shape& shape = array.values.shape;
  if (shape.empty() || array.values.bytes.empty()) {
    return InvalidValue(absl::StrCat(path, ": '", name, "'"), Describe(array.values),
                        "samples [n, …] that hold something");
  }
  const bool images = array.values.dtype == DType::kUint8 && shape.size() == 4;
  array.spec = {name == kInputs ? (images ? "image" : "input") : name.substr(kNamedInput.size()),
                array.values.dtype, Shape(shape.begin() + 1, shape.end())};
  const std::string lengths = absl::StrCat(name, kLengths);
  if (const auto found = tensors.find(lengths); found != tensors.end()) {
    ASSIGN_OR_RETURN(array.offsets,
                     OffsetsOf(absl::StrCat(path, ": '", lengths), found->second, shape[0]));
    array.spec.shape.insert(array.spec.shape.begin(), -1);
  }
  return array;
}

// All inputs, which have as many samples, and of those with lengths the same.
absl::StatusOr<std::vector<Array>> ReadArrays(const std::string& path, const TensorMap& tensors) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesOfInputs(path, tensors));
  std::vector<Array> arrays;
  const Array* first_ragged = nullptr;
  arrays.reserve(names.size());
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(Array array, ReadArray(path, tensors, name));
    arrays.push_back(std::move(array));
    const Array& added = arrays.back();
    if (added.samples() != arrays.front().samples()) {
      return InvalidValue(
          absl::StrCat(path, ": the number of samples of '", name, "'"), added.samples(),
          absl::StrCat(arrays.front().samples(), ", as of '", arrays.front().name, "'"));
    }
    if (added.offsets.empty()) continue;
    if (first_ragged == nullptr) first_ragged = &added;
    if (added.offsets != first_ragged->offsets) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": '", name, kLengths, "' and '", first_ragged->name, kLengths,
                       "' differ; inputs of variable length must have the same lengths"));
    }
  }
  return arrays;
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
    if (name != kInputs && !absl::StartsWith(name, kNamedInput) && !tensor.shape.empty() &&
        tensor.shape[0] == samples) {
      others.push_back(absl::StrCat("'", name, "' ", Describe(tensor)));
    }
  }
  return absl::StrCat(path, ": it has no tensor called ", absl::StrJoin(kLabelNames, ", "),
                      others.empty() ? "" : absl::StrCat(", only ", absl::StrJoin(others, ", ")),
                      ", so its samples are unlabelled");
}

// `positions`: the sum of the lengths; 0: samples have none.
absl::StatusOr<LabelsAre> CheckLabels(const std::string& path, const std::string& name,
                                      const HostTensor& labels, int64_t samples,
                                      int64_t positions) {
  const bool integers = labels.dtype == DType::kInt64 || labels.dtype == DType::kInt32 ||
                        labels.dtype == DType::kUint8;
  if (integers && labels.shape == Shape{samples}) return LabelsAre::kOfSamples;
  const bool by_position =
      positions > 0 ? labels.shape == Shape{positions}
                    : labels.shape.size() == 2 && labels.shape[0] == samples && labels.shape[1] > 1;
  if (integers && by_position) return LabelsAre::kOfPositions;
  return InvalidValue(
      absl::StrCat(path, ": '", name, "'"), Describe(labels),
      absl::StrCat("int64 (or int32, uint8) [", samples, "], one for each of the inputs, or ",
                   positions > 0
                       ? absl::StrCat("[", positions, "]")
                       : absl::StrCat("[", samples, ", positions] of 2 or more positions"),
                   ", one for each of their positions"));
}

absl::StatusOr<int64_t> CountLabels(const std::string& path, const HostTensor& labels,
                                    LabelsAre labels_are,
                                    const std::vector<std::string>& class_names) {
  ASSIGN_OR_RETURN(const int64_t count, NumElements(labels.shape));
  if (labels_are == LabelsAre::kOfSamples) {
    return CountClasses(
        path, count, [&](int64_t i) { return LabelAt(labels, i); }, class_names, kMaxClasses);
  }
  return CountClasses(
      path, count,
      [&](int64_t i) {
        const int64_t label = LabelAt(labels, i);
        return label == kIgnoredPosition ? kNoLabel : label;
      },
      class_names, kMaxClasses, "position");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Dataset>> OpenArrayDataset(
    const std::filesystem::path& path, const std::vector<std::string>& class_names) {
  ASSIGN_OR_RETURN(SafetensorsFile file, ReadSafetensors(path));
  ASSIGN_OR_RETURN(std::vector<Array> arrays, ReadArrays(path.string(), file.tensors));
  const int64_t samples = arrays.front().samples();
  int64_t positions = 0;
  for (const Array& array : arrays) {
    if (!array.offsets.empty()) positions = array.offsets.back();
  }
  std::optional<HostTensor> labels;
  LabelsAre labels_are = LabelsAre::kOfSamples;
  auto classes = static_cast<int64_t>(class_names.size());
  std::vector<std::string> notes;
  if (const auto found = FindLabels(file.tensors); found == file.tensors.end()) {
    notes.push_back(NoLabelsNote(path.string(), file.tensors, samples));
  } else {
    labels = found->second;
    ASSIGN_OR_RETURN(labels_are,
                     CheckLabels(path.string(), found->first, *labels, samples, positions));
    ASSIGN_OR_RETURN(classes, CountLabels(path.string(), *labels, labels_are, class_names));
  }
  for (const Array& array : arrays) {
    if (!LooksChannelsLast(array.values.shape) || !array.offsets.empty()) continue;
    notes.push_back(absl::StrCat(path.string(), ": '", array.name, "' ", Describe(array.values),
                                 " look like images with channels last; images must be channels "
                                 "first, [n, channels, height, width]"));
  }
  return std::make_unique<ArrayDataset>(path.string(), std::move(arrays), std::move(labels),
                                        labels_are, classes, class_names, std::move(notes));
}

}  // namespace distill
