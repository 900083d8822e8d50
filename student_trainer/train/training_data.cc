#include "student_trainer/train/training_data.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/open_dataset.h"
#include "student_trainer/train/evaluation.h"

namespace distill {
namespace {

absl::Status Prefixed(absl::string_view option, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(option, ": ", status.message()));
}

absl::StatusOr<std::unique_ptr<Dataset>> Open(absl::string_view option, const std::string& path,
                                              DataRole role,
                                              const std::vector<std::string>& class_names) {
  auto opened = OpenDataset({.path = path, .role = role, .class_names = class_names});
  if (!opened.ok()) return Prefixed(option, opened.status());
  return opened;
}

// A test or validation set against the training set.
absl::Status CheckFits(absl::string_view option, const Dataset& dataset, const Dataset& train) {
  if (dataset.input().dtype != train.input().dtype ||
      dataset.input().shape != train.input().shape) {
    return absl::FailedPreconditionError(absl::StrCat(option, " has ", ToString(dataset.input()),
                                                      ", --train has ", ToString(train.input())));
  }
  if (dataset.classes() == 0) {
    return absl::FailedPreconditionError(absl::StrCat(option, " has no labels to compare with"));
  }
  if (train.classes() > 0 && dataset.classes() > train.classes()) {
    return absl::FailedPreconditionError(absl::StrCat(option, " has ", dataset.classes(),
                                                      " classes, --train has ", train.classes()));
  }
  if (!train.class_names().empty() && !dataset.class_names().empty() &&
      train.class_names() != dataset.class_names()) {
    return absl::FailedPreconditionError(
        absl::StrCat(option, " and --train name their classes differently"));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<int64_t> TrainingData::validation_samples() const {
  return separate_validation ? AllSamples(*separate_validation) : split.validation;
}

std::vector<int64_t> TrainingData::training_samples(Use use) const {
  if (use == Use::kLabelledOnly) return split.labelled;
  std::vector<int64_t> all;
  all.reserve(split.labelled.size() + split.unlabelled.size());
  std::merge(split.labelled.begin(), split.labelled.end(), split.unlabelled.begin(),
             split.unlabelled.end(), std::back_inserter(all));
  return all;
}

absl::StatusOr<TrainingData> OpenTrainingData(const TrainOptions& options) {
  std::vector<std::string> class_names;
  if (!options.class_names.empty()) {
    auto names = ReadClassNames(options.class_names);
    if (!names.ok()) return Prefixed("--class_names", names.status());
    class_names = *std::move(names);
  }
  TrainingData data;
  ASSIGN_OR_RETURN(data.train, Open("--train", options.train, DataRole::kTrain, class_names));
  SplitOptions split = options.split;
  if (!options.val.empty()) {
    ASSIGN_OR_RETURN(data.separate_validation,
                     Open("--val", options.val, DataRole::kTest, class_names));
    RETURN_IF_ERROR(CheckFits("--val", *data.separate_validation, *data.train));
    split.val_count = 0;
  }
  if (!options.test.empty()) {
    ASSIGN_OR_RETURN(data.test, Open("--test", options.test, DataRole::kTest, class_names));
    RETURN_IF_ERROR(CheckFits("--test", *data.test, *data.train));
  }
  auto drawn = SplitDataset(AllLabels(*data.train), split);
  if (!drawn.ok()) return Prefixed("--train", drawn.status());
  data.split = *std::move(drawn);
  return data;
}

}  // namespace distill
