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
  const InputSpec& input() const override { return first_->input(); }

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

  absl::Status Read(int64_t index, absl::Span<uint8_t> destination) const override {
    const auto [part, within] = PartOf(index);
    return part.Read(within, destination);
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
  if (first->input().dtype != second->input().dtype ||
      first->input().shape != second->input().shape) {
    return absl::InvalidArgumentError(absl::StrCat("the samples differ: they are ",
                                                   ToString(second->input()), " instead of ",
                                                   ToString(first->input())));
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
