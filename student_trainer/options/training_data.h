// TrainingData: the data sets of a run, opened and split.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "student_trainer/data/corrupt_samples.h"
#include "student_trainer/data/dataset.h"
#include "student_trainer/data/split.h"
#include "student_trainer/options/train_options.h"

namespace distill {

struct TrainingData {
  std::unique_ptr<Dataset> train;                // with --unlabelled behind --train
  std::unique_ptr<Dataset> separate_validation;  // --val; null: a part of `train`
  std::unique_ptr<Dataset> test;                 // null: none
  Split split;                                   // of `train`

  // What cannot be read of each; samples of it are skipped, up to --max_corrupt.
  std::unique_ptr<CorruptSamples> corrupt_train, corrupt_validation, corrupt_test;

  const Dataset& validation() const { return separate_validation ? *separate_validation : *train; }
  CorruptSamples& corrupt_in_validation() const {
    return separate_validation ? *corrupt_validation : *corrupt_train;
  }
  std::vector<int64_t> validation_samples() const;
  int64_t corrupt_samples() const;  // of all

  // The samples of an epoch, ascending. kAll is for training with soft targets, which samples
  // without labels can have, too.
  enum class Use { kLabelledOnly, kAll };
  std::vector<int64_t> training_samples(Use use) const;
};

// Opens --train, --unlabelled, --val and --test and checks that they fit together: equal input,
// equal class names. Errors name the option and the file.
absl::StatusOr<TrainingData> OpenTrainingData(const TrainOptions& options);

}  // namespace distill
