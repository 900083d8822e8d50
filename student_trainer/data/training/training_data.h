// TrainingData: the data sets of a run, opened and split.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "student_trainer/data/corrupt_samples.h"
#include "student_trainer/data/dataset.h"
#include "student_trainer/data/split.h"
#include "student_trainer/data/training/training_data_options.h"

namespace distill {

// Images of unknown use are not made larger than this: 128 of them in float32 take 1.5 GiB.
inline constexpr int64_t kMostPixelsByDefault = 1 << 20;

struct TrainingData {
  std::shared_ptr<const Dataset> train;                // with --unlabelled behind --train
  std::shared_ptr<const Dataset> separate_validation;  // --val; null: a part of `train`
  std::shared_ptr<const Dataset> test;                 // null: none
  Split split;                                         // of `train`

  // What cannot be read of each; samples of it are skipped, up to --max_corrupt.
  std::unique_ptr<CorruptSamples> corrupt_train, corrupt_validation, corrupt_test;

  // Makes images of folders what `like` takes, in as far as the options leave their size and
  // channels open, and logs it; `whose`: "the teacher". Other data, and a `like` that is not of
  // images, change nothing. Once it has made them, and in later calls, the size is not open.
  absl::Status MakeImagesLike(const InputSpec& like, absl::string_view whose);

  // Logs the size of images that is still open, and so that of the first image. FAILED_PRECONDITION
  // if it is larger than kMostPixelsByDefault.
  absl::Status CheckOpenSize() const;

  const Dataset& validation() const { return separate_validation ? *separate_validation : *train; }
  std::shared_ptr<const Dataset> shared_validation() const {
    return separate_validation ? separate_validation : train;
  }
  CorruptSamples& corrupt_in_validation() const {
    return separate_validation ? *corrupt_validation : *corrupt_train;
  }
  std::vector<int64_t> validation_samples() const;
  int64_t corrupt_samples() const;                 // of all
  std::vector<std::string> reading_notes() const;  // of all

  // The samples of an epoch, ascending. kAll is for training with soft targets, which samples
  // without labels can have, too.
  enum class Use { kLabelledOnly, kAll };
  std::vector<int64_t> training_samples(Use use) const;

  bool size_is_open = false;  // of images: that of the first image
  bool channels_are_open = false;
};

// Opens --train, --unlabelled, --val and --test and checks that they fit together: equal input,
// equal class names. Images of folders are made what those of --train are. Errors name the option
// and the file.
absl::StatusOr<TrainingData> OpenTrainingData(const TrainingDataOptions& options);

}  // namespace distill
