#include "student_trainer/options/training_data.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/class_names.h"
#include "student_trainer/data/concat_dataset.h"
#include "student_trainer/data/formats/open_dataset.h"
#include "student_trainer/views/resample/resample.h"

namespace distill {
namespace {

// Opens what a field names. Images of folders are made as large as `like`'s, where there is one.
absl::StatusOr<std::unique_ptr<Dataset>> Open(absl::string_view field, const std::string& path,
                                              DataRole role, const TrainOptions& options,
                                              const std::vector<std::string>& class_names,
                                              const Dataset* like = nullptr) {
  DataOptions data{.path = path,
                   .role = role,
                   .class_names = class_names,
                   .image_size = options.image_size,
                   .channels = options.image_channels,
                   .resizer = Resize};
  if (like != nullptr && like->images() != nullptr) {
    const Shape& shape = like->input().shape;
    if (shape[1] == shape[2]) data.image_size = shape[1];  // else the first image must fit
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Dataset> opened, OpenDataset(data), field);
  return opened;
}

// A test or validation set against the training set.
absl::Status CheckFitsTraining(absl::string_view field, const Dataset& dataset,
                               const Dataset& train) {
  if (dataset.input().dtype != train.input().dtype ||
      dataset.input().shape != train.input().shape) {
    return absl::FailedPreconditionError(absl::StrCat(field, ": it has ", ToString(dataset.input()),
                                                      ", `train` has ", ToString(train.input())));
  }
  if (dataset.classes() == 0) {
    return absl::FailedPreconditionError(absl::StrCat(field, ": it has no labels to compare with"));
  }
  if (!train.class_names().empty() && !dataset.class_names().empty() &&
      train.class_names() != dataset.class_names()) {
    return absl::FailedPreconditionError(absl::StrCat(
        field, " and `train` differ in their classes: ",
        DescribeClassDifference(field, dataset.class_names(), "`train`", train.class_names())));
  }
  if (train.classes() > 0 && dataset.classes() > train.classes()) {
    return absl::FailedPreconditionError(absl::StrCat(field, ": it has ", dataset.classes(),
                                                      " classes, `train` has ", train.classes()));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<int64_t> TrainingData::validation_samples() const {
  return separate_validation ? AllSamples(*separate_validation) : split.validation;
}

int64_t TrainingData::corrupt_samples() const {
  int64_t count = 0;
  for (const auto* each : {&corrupt_train, &corrupt_validation, &corrupt_test}) {
    if (*each != nullptr) count += (*each)->count();
  }
  return count;
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
    ASSIGN_OR_RETURN(class_names, ReadClassNames(options.class_names), Field("class_names"));
  }
  TrainingData data;
  ASSIGN_OR_RETURN(data.train,
                   Open(Field("train"), options.train, DataRole::kTrain, options, class_names));
  data.corrupt_train = std::make_unique<CorruptSamples>(options.max_corrupt);
  SplitOptions split = options.split;
  if (!options.val.empty()) {
    ASSIGN_OR_RETURN(data.separate_validation, Open(Field("val"), options.val, DataRole::kTest,
                                                    options, class_names, data.train.get()));
    RETURN_IF_ERROR(CheckFitsTraining(Field("val"), *data.separate_validation, *data.train));
    data.corrupt_validation = std::make_unique<CorruptSamples>(options.max_corrupt);
    split.val_count = 0;
  }
  if (!options.test.empty()) {
    ASSIGN_OR_RETURN(data.test, Open(Field("test"), options.test, DataRole::kTest, options,
                                     class_names, data.train.get()));
    RETURN_IF_ERROR(CheckFitsTraining(Field("test"), *data.test, *data.train));
    data.corrupt_test = std::make_unique<CorruptSamples>(options.max_corrupt);
  }
  if (!options.unlabelled.empty()) {
    ASSIGN_OR_RETURN(std::unique_ptr<Dataset> unlabelled,
                     Open(Field("unlabelled"), options.unlabelled, DataRole::kTrain, options, {},
                          data.train.get()));
    ASSIGN_OR_RETURN(
        data.train,
        ConcatDatasets(std::move(data.train), std::move(unlabelled), SecondLabels::kHidden),
        "`unlabelled` beside `train`");
  }
  ASSIGN_OR_RETURN(data.split, SplitDataset(AllLabels(*data.train), split), Field("train"));
  return data;
}

}  // namespace distill
