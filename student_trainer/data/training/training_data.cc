#include "student_trainer/data/training/training_data.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/check.h"
#include "common/base/count.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/class_names.h"
#include "student_trainer/data/concat_dataset.h"
#include "student_trainer/data/data_summary.h"
#include "student_trainer/data/formats/open_dataset.h"
#include "student_trainer/data/prepared_dataset.h"
#include "student_trainer/views/resample/resample.h"

namespace distill {
namespace {

using DatasetPtr = std::shared_ptr<const Dataset>;

void LogSummary(absl::string_view name, DataRole role, const Dataset& dataset) {
  const DataSummary summary = Summarize(name, dataset);
  // Of the transfer set neither labels nor their absence matter.
  const bool labels_matter = role != DataRole::kUnlabelled;
  log::Info(labels_matter ? summary.line
                          : absl::StrCat(name, ": ", Count(dataset.size(), "sample")));
  for (const std::string& warning : summary.warnings) {
    if (labels_matter || dataset.images() != nullptr) log::Warning(warning);
  }
}

// Opens what the option `name` names, and logs what it holds. Images are made what the options say.
absl::StatusOr<DatasetPtr> Open(absl::string_view name, const std::string& path, DataRole role,
                                const TrainingDataOptions& options,
                                const std::vector<std::string>& class_names) {
  ASSIGN_OR_RETURN(DatasetPtr opened,
                   OpenDataset({.path = path,
                                .role = role,
                                .class_names = class_names,
                                .image_size = options.image_size,
                                .channels = options.image_channels.value_or(3),
                                .max_pixels = options.max_pixels,
                                .resizer = Resize}),
                   Field(name));
  LogSummary(name, role, *opened);
  if (!AreImages(opened->input())) return opened;
  InputSpec wanted = opened->input();
  if (options.image_channels.has_value()) wanted.shape[0] = *options.image_channels;
  if (options.image_size.has_value()) {
    wanted.shape[1] = options.image_size->height;
    wanted.shape[2] = options.image_size->width;
  }
  return PrepareFor({wanted}, std::move(opened), Resize);
}

// As Open; images of a folder are made what those of the training set are.
absl::StatusOr<DatasetPtr> OpenLike(const Dataset& train, absl::string_view name,
                                    const std::string& path, DataRole role,
                                    const TrainingDataOptions& options,
                                    const std::vector<std::string>& class_names) {
  ASSIGN_OR_RETURN(DatasetPtr opened, Open(name, path, role, options, class_names));
  if (opened->images() == nullptr || !AreImages(train.input())) return opened;
  return PrepareFor(train.inputs(), std::move(opened), Resize);
}

// A test or validation set against the training set.
absl::Status CheckFitsTraining(absl::string_view field, const Dataset& dataset,
                               const Dataset& train) {
  if (!HaveSameInputs(dataset, train)) {
    return absl::FailedPreconditionError(absl::StrCat(field, ": it has ",
                                                      ToString(dataset.inputs()), ", `train` has ",
                                                      ToString(train.inputs())));
  }
  if (dataset.classes() == 0) {
    return absl::FailedPreconditionError(absl::StrCat(field, ": it has no labels to compare with"));
  }
  if (train.classes() > 0 && dataset.labels_by_position() != train.labels_by_position()) {
    return absl::FailedPreconditionError(absl::StrCat(
        field, ": it has a label per ", dataset.labels_by_position() ? "position" : "sample",
        ", `train` one per ", train.labels_by_position() ? "position" : "sample"));
  }
  if (!train.class_names().empty() && !dataset.class_names().empty() &&
      train.class_names() != dataset.class_names()) {
    return absl::FailedPreconditionError(absl::StrCat(
        field, " and `train` differ in their classes: ",
        DescribeClassDifference(field, dataset.class_names(), "`train`", train.class_names())));
  }
  if (train.classes() > 0 && dataset.classes() > train.classes()) {
    return absl::FailedPreconditionError(absl::StrCat(
        field, ": it has ", Count(dataset.classes(), "class"), ", `train` has ", train.classes()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status TrainingData::MakeImagesLike(const InputSpec& like, absl::string_view whose) {
  if (train->images() == nullptr || !AreImages(like)) return absl::OkStatus();
  InputSpec wanted = train->input();
  if (channels_are_open) wanted.shape[0] = like.shape[0];
  if (size_is_open && like.shape[1] > 0 && like.shape[2] > 0) {
    wanted.shape[1] = like.shape[1];
    wanted.shape[2] = like.shape[2];
    size_is_open = false;
  }
  if (wanted == train->input()) return absl::OkStatus();
  for (DatasetPtr* dataset : {&train, &separate_validation, &test}) {
    if (*dataset == nullptr || !AreImages((*dataset)->input())) continue;
    ASSIGN_OR_RETURN(*dataset, PrepareFor({wanted}, std::move(*dataset), Resize));
  }
  log::Info(absl::StrCat("images are made ", ToString(wanted.shape),
                         " ([channels, height, width]), as ", whose, " takes them"));
  return absl::OkStatus();
}

absl::Status TrainingData::CheckOpenSize() const {
  if (!size_is_open) return absl::OkStatus();
  const ImageSize size{train->input().shape[1], train->input().shape[2]};
  if (size.height * size.width > kMostPixelsByDefault) {
    return absl::FailedPreconditionError(
        absl::StrCat("`image_size` is not given, and the first image of `train` is ", size.height,
                     "x", size.width, " (height x width); must be given for images of more than ",
                     "a megapixel, such as 224"));
  }
  log::Info(absl::StrCat("images are made ", size.height, "x", size.width,
                         " (height x width), the size of the first one"));
  return absl::OkStatus();
}

std::vector<int64_t> TrainingData::validation_samples() const {
  return separate_validation ? AllSamples(*separate_validation) : split.validation;
}

std::vector<std::string> TrainingData::reading_notes() const {
  std::vector<std::string> all;
  for (const DatasetPtr& dataset : {train, separate_validation, test}) {
    if (dataset == nullptr) continue;
    for (std::string& note : dataset->reading_notes()) all.push_back(std::move(note));
  }
  return all;
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

absl::StatusOr<TrainingData> OpenTrainingData(const TrainingDataOptions& options) {
  std::vector<std::string> class_names;
  if (!options.class_names.empty()) {
    ASSIGN_OR_RETURN(class_names, ReadClassNames(options.class_names), Field("class_names"));
  }
  TrainingData data;
  ASSIGN_OR_RETURN(data.train,
                   Open("train", options.train, DataRole::kTrain, options, class_names));
  data.size_is_open = data.train->images() != nullptr && !options.image_size.has_value();
  data.channels_are_open = !options.image_channels.has_value();
  data.corrupt_train = std::make_unique<CorruptSamples>(
      options.max_corrupt, options.unlabelled.empty()
                               ? Field("train")
                               : absl::StrCat(Field("train"), " or ", Field("unlabelled")));
  SplitOptions split = options.split;
  if (!options.val.empty()) {
    ASSIGN_OR_RETURN(data.separate_validation, OpenLike(*data.train, "val", options.val,
                                                        DataRole::kTest, options, class_names));
    RETURN_IF_ERROR(CheckFitsTraining(Field("val"), *data.separate_validation, *data.train));
    data.corrupt_validation = std::make_unique<CorruptSamples>(options.max_corrupt, Field("val"));
    split.val_count = 0;
  }
  if (!options.test.empty()) {
    ASSIGN_OR_RETURN(data.test, OpenLike(*data.train, "test", options.test, DataRole::kTest,
                                         options, class_names));
    RETURN_IF_ERROR(CheckFitsTraining(Field("test"), *data.test, *data.train));
    data.corrupt_test = std::make_unique<CorruptSamples>(options.max_corrupt, Field("test"));
  }
  if (!options.unlabelled.empty()) {
    ASSIGN_OR_RETURN(DatasetPtr unlabelled, OpenLike(*data.train, "unlabelled", options.unlabelled,
                                                     DataRole::kUnlabelled, options, {}));
    ASSIGN_OR_RETURN(
        data.train,
        ConcatDatasets(std::move(data.train), std::move(unlabelled), SecondLabels::kHidden),
        "`unlabelled` beside `train`");
  }
  ASSIGN_OR_RETURN(data.split, SplitDataset(AllLabels(*data.train), split), Field("train"));
  return data;
}

}  // namespace distill
