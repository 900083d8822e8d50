// One data set after another, such as a transfer set behind the labelled data.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "student_trainer/data/dataset.h"

namespace distill {

enum class SecondLabels {
  kKept,
  kHidden,  // its samples are unlabelled whatever it says, and its classes do not count
};

// Samples 0 … first->size()-1 are the first's, those behind are the second's. INVALID_ARGUMENT for
// inputs of another dtype or shape, and where labels are kept for other class names.
absl::StatusOr<std::unique_ptr<Dataset>> ConcatDatasets(std::unique_ptr<Dataset> first,
                                                        std::unique_ptr<Dataset> second,
                                                        SecondLabels second_labels);

}  // namespace distill
