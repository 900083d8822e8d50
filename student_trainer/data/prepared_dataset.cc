#include "student_trainer/data/prepared_dataset.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/contract/input_batch.h"
#include "student_trainer/data/sample_memory.h"
#include "student_trainer/views/centre_view.h"
#include "student_trainer/views/channels.h"

namespace distill {
namespace {

// The samples of another data set, with other inputs.
class OtherInputs : public Dataset {
 public:
  OtherInputs(std::shared_ptr<const Dataset> data, std::vector<InputSpec> inputs)
      : data_(std::move(data)), inputs_(std::move(inputs)) {}

  int64_t size() const override { return data_->size(); }
  const std::vector<InputSpec>& inputs() const override { return inputs_; }
  const std::vector<std::string>& class_names() const override { return data_->class_names(); }
  int64_t classes() const override { return data_->classes(); }
  int64_t Label(int64_t index) const override { return data_->Label(index); }
  bool labels_by_position() const override { return data_->labels_by_position(); }
  std::vector<int64_t> Labels(int64_t index) const override { return data_->Labels(index); }
  std::vector<std::string> notes() const override { return data_->notes(); }
  std::vector<std::string> reading_notes() const override { return data_->reading_notes(); }

 protected:
  const std::shared_ptr<const Dataset> data_;

 private:
  const std::vector<InputSpec> inputs_;
};

class ResizedImages : public OtherInputs, public ImageSource {
 public:
  ResizedImages(std::shared_ptr<const Dataset> data, InputSpec input, Resizer resizer)
      : OtherInputs(std::move(data), {std::move(input)}), resizer_(std::move(resizer)) {}

  const ImageSource* images() const override { return this; }

  absl::StatusOr<Image> Decode(int64_t index) const override {
    ASSIGN_OR_RETURN(Image image, DecodeSample(*data_, index));
    return WithChannels(std::move(image), input().shape[0]);
  }

  absl::Status Read(int64_t index, Destinations destinations) const override {
    const absl::Span<uint8_t> destination = destinations[0];
    ASSIGN_OR_RETURN(Image image, Decode(index));
    ASSIGN_OR_RETURN(const Image view, CentreView(std::move(image), input().shape, resizer_),
                     "sample ", index);
    if (view.pixels.size() != destination.size()) {
      return absl::InternalError(absl::StrCat("sample ", index, ": it was resized to ",
                                              view.pixels.size(), " bytes instead of ",
                                              destination.size()));
    }
    std::memcpy(destination.data(), view.pixels.data(), destination.size());
    return absl::OkStatus();
  }

 private:
  const Resizer resizer_;
};

std::vector<InputSpec> Chosen(const std::vector<InputSpec>& inputs,
                              const std::vector<size_t>& chosen) {
  std::vector<InputSpec> specs;
  for (const size_t i : chosen) specs.push_back(inputs[i]);
  return specs;
}

class ChosenInputs : public OtherInputs {
 public:
  ChosenInputs(std::shared_ptr<const Dataset> data, std::vector<size_t> chosen)
      : OtherInputs(data, Chosen(data->inputs(), chosen)), chosen_(std::move(chosen)) {}

  int64_t Length(int64_t index) const override {
    return std::any_of(inputs().begin(), inputs().end(), HasLengths) ? data_->Length(index) : 0;
  }

  absl::Status Read(int64_t index, Destinations destinations) const override {
    std::vector<std::vector<uint8_t>> others;  // memory of inputs that are not chosen
    std::vector<absl::Span<uint8_t>> all(data_->inputs().size());
    for (size_t i = 0; i < chosen_.size(); ++i) all[chosen_[i]] = destinations[i];
    for (size_t i = 0; i < all.size(); ++i) {
      if (std::find(chosen_.begin(), chosen_.end(), i) != chosen_.end()) continue;
      ASSIGN_OR_RETURN(const size_t bytes, SampleBytes(data_->inputs()[i], data_->Length(index)));
      all[i] = absl::MakeSpan(others.emplace_back(bytes));
    }
    return data_->Read(index, all);
  }

 private:
  const std::vector<size_t> chosen_;
};

bool IsAll(const std::vector<size_t>& chosen, size_t inputs) {
  if (chosen.size() != inputs) return false;
  for (size_t i = 0; i < inputs; ++i) {
    if (chosen[i] != i) return false;
  }
  return true;
}

absl::Status DoesNotFit(const std::vector<InputSpec>& model, const std::vector<InputSpec>& data) {
  return absl::FailedPreconditionError(
      absl::StrCat("it takes ", ToString(model), ", the data has ", ToString(data)));
}

}  // namespace

bool AreImages(const InputSpec& spec) {
  return spec.dtype == DType::kUint8 && spec.shape.size() == 3 &&
         (spec.shape[0] == 1 || spec.shape[0] == 3);
}

bool Accepts(const InputSpec& model, const InputSpec& data) {
  return model.dtype == data.dtype &&
         std::equal(model.shape.begin(), model.shape.end(), data.shape.begin(), data.shape.end(),
                    [](int64_t theirs, int64_t ours) { return theirs == -1 || theirs == ours; });
}

absl::StatusOr<std::vector<size_t>> MatchInputs(const std::vector<InputSpec>& model,
                                                const std::vector<InputSpec>& data) {
  if (model.size() == 1 && data.size() == 1) return std::vector<size_t>{0};
  std::vector<size_t> matched;
  for (const InputSpec& input : model) {
    const auto found = std::find_if(data.begin(), data.end(), [&input](const InputSpec& other) {
      return other.name == input.name;
    });
    if (found == data.end()) return DoesNotFit(model, data);
    matched.push_back(static_cast<size_t>(found - data.begin()));
  }
  return matched;
}

absl::StatusOr<std::shared_ptr<const Dataset>> PrepareFor(const std::vector<InputSpec>& model,
                                                          std::shared_ptr<const Dataset> data,
                                                          const Resizer& resizer) {
  ASSIGN_OR_RETURN(std::vector<size_t> chosen, MatchInputs(model, data->inputs()));
  const std::vector<InputSpec> stored_inputs = Chosen(data->inputs(), chosen);
  if (std::equal(model.begin(), model.end(), stored_inputs.begin(), Accepts)) {
    if (IsAll(chosen, data->inputs().size())) return data;
    return std::make_shared<const ChosenInputs>(std::move(data), std::move(chosen));
  }
  const InputSpec& stored = data->input();
  if (model.size() != 1 || data->inputs().size() != 1 || !AreImages(model[0]) ||
      !AreImages(stored)) {
    return DoesNotFit(model, data->inputs());
  }
  InputSpec input{stored.name, stored.dtype, model[0].shape};
  for (size_t i = 0; i < input.shape.size(); ++i) {
    if (input.shape[i] == -1) input.shape[i] = stored.shape[i];
  }
  return std::make_shared<const ResizedImages>(std::move(data), std::move(input), resizer);
}

}  // namespace distill
