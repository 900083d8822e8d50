#include "student_trainer/data/prepared_dataset.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "student_trainer/views/centre_view.h"
#include "student_trainer/views/channels.h"

namespace distill {
namespace {

class PreparedDataset : public Dataset, public ImageSource {
 public:
  PreparedDataset(std::shared_ptr<const Dataset> data, InputSpec input, Resizer resizer)
      : data_(std::move(data)), input_(std::move(input)), resizer_(std::move(resizer)) {}

  int64_t size() const override { return data_->size(); }
  const InputSpec& input() const override { return input_; }
  const std::vector<std::string>& class_names() const override { return data_->class_names(); }
  int64_t classes() const override { return data_->classes(); }
  int64_t Label(int64_t index) const override { return data_->Label(index); }
  std::vector<std::string> notes() const override { return data_->notes(); }
  std::vector<std::string> reading_notes() const override { return data_->reading_notes(); }
  const ImageSource* images() const override { return this; }

  absl::StatusOr<Image> Decode(int64_t index) const override {
    ASSIGN_OR_RETURN(Image image, DecodeSample(*data_, index));
    return WithChannels(std::move(image), input_.shape[0]);
  }

  absl::Status Read(int64_t index, absl::Span<uint8_t> destination) const override {
    ASSIGN_OR_RETURN(Image image, Decode(index));
    ASSIGN_OR_RETURN(const Image view, CentreView(std::move(image), input_.shape, resizer_),
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
  const std::shared_ptr<const Dataset> data_;
  const InputSpec input_;
  const Resizer resizer_;
};

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

absl::StatusOr<std::shared_ptr<const Dataset>> PrepareFor(const InputSpec& model,
                                                          std::shared_ptr<const Dataset> data,
                                                          const Resizer& resizer) {
  const InputSpec& stored = data->input();
  if (Accepts(model, stored)) return data;
  if (!AreImages(model) || !AreImages(stored)) {
    return absl::FailedPreconditionError(
        absl::StrCat("it takes ", ToString(model), ", the data has ", ToString(stored)));
  }
  InputSpec input{stored.name, stored.dtype, model.shape};
  for (size_t i = 0; i < input.shape.size(); ++i) {
    if (input.shape[i] == -1) input.shape[i] = stored.shape[i];
  }
  return std::make_shared<const PreparedDataset>(std::move(data), std::move(input), resizer);
}

}  // namespace distill
