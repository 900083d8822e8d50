#include "student_trainer/data/concat_dataset.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/count.h"
#include "student_trainer/data/class_names.h"

namespace distill {
namespace {

class ConcatDataset : public Dataset, public ImageSource {
 public:
  ConcatDataset(std::shared_ptr<const Dataset> first, std::shared_ptr<const Dataset> second,
                SecondLabels second_labels)
      : first_(std::move(first)), second_(std::move(second)), second_labels_(second_labels) {}

  int64_t size() const override { return first_->size() + second_->size(); }
  const std::vector<InputSpec>& inputs() const override { return first_->inputs(); }

  int64_t Length(int64_t index) const override {
    const auto [part, within] = PartOf(index);
    return part.Length(within);
  }

  const std::vector<std::string>& class_names() const override {
    if (hidden() || !first_->class_names().empty()) return first_->class_names();
    return second_->class_names();
  }

  int64_t classes() const override {
    return hidden() ? first_->classes() : std::max(first_->classes(), second_->classes());
  }

  int64_t Label(int64_t index) const override {
    if (hidden() && index >= first_->size()) return kNoLabel;
    const auto [part, within] = PartOf(index);
    return part.Label(within);
  }

  bool labels_by_position() const override { return first_->labels_by_position(); }

  std::vector<int64_t> Labels(int64_t index) const override {
    const auto [part, within] = PartOf(index);
    if (!hidden() || index < first_->size()) return part.Labels(within);
    if (!labels_by_position()) return {kNoLabel};
    const int64_t length = part.Length(within);
    const size_t positions = length > 0 ? static_cast<size_t>(length) : first_->Labels(0).size();
    return std::vector<int64_t>(positions, kNoLabel);
  }

  absl::Status Read(int64_t index, Destinations destinations) const override {
    const auto [part, within] = PartOf(index);
    return part.Read(within, destinations);
  }

  std::vector<std::string> notes() const override { return Both(&Dataset::notes); }
  std::vector<std::string> reading_notes() const override { return Both(&Dataset::reading_notes); }

  const ImageSource* images() const override {
    return first_->images() == nullptr && second_->images() == nullptr ? nullptr : this;
  }

  // Of a part whose images all have the size of input(), that is Read.
  absl::StatusOr<Image> Decode(int64_t index) const override {
    const auto [part, within] = PartOf(index);
    return DecodeSample(part, within);
  }

 private:
  std::vector<std::string> Both(std::vector<std::string> (Dataset::*notes)() const) const {
    std::vector<std::string> both = ((*first_).*notes)();
    for (std::string& note : ((*second_).*notes)()) both.push_back(std::move(note));
    return both;
  }

  bool hidden() const { return second_labels_ == SecondLabels::kHidden; }

  std::pair<const Dataset&, int64_t> PartOf(int64_t index) const {
    if (index < first_->size()) return {*first_, index};
    return {*second_, index - first_->size()};
  }

  const std::shared_ptr<const Dataset> first_;
  const std::shared_ptr<const Dataset> second_;
  const SecondLabels second_labels_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Dataset>> ConcatDatasets(std::shared_ptr<const Dataset> first,
                                                        std::shared_ptr<const Dataset> second,
                                                        SecondLabels second_labels) {
  if (!HaveSameInputs(*first, *second)) {
    return absl::InvalidArgumentError(absl::StrCat("the samples differ: they are ",
                                                   ToString(second->inputs()), " instead of ",
                                                   ToString(first->inputs())));
  }
  if (second_labels == SecondLabels::kKept && !first->class_names().empty() &&
      !second->class_names().empty() && first->class_names() != second->class_names()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the classes differ: ", DescribeClassDifference("the first", first->class_names(),
                                                        "the second", second->class_names())));
  }
  auto both = std::make_unique<ConcatDataset>(std::move(first), std::move(second), second_labels);
  const auto names = static_cast<int64_t>(both->class_names().size());
  if (names > 0 && names < both->classes()) {
    return absl::InvalidArgumentError(absl::StrCat("the class names: they name ",
                                                   Count(names, "class"), " of ", both->classes()));
  }
  return both;
}

}  // namespace distill
