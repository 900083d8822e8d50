// Joins two data sets, such as the labelled data and a transfer set.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "student_trainer/data/dataset.h"

namespace distill {

enum class SecondLabels {
  kKept,
  kHidden,  // all its samples become unlabelled, and its classes are ignored
};

// Samples 0 … first->size()-1 are those of the first, the rest those of the second. Returns
// INVALID_ARGUMENT if inputs differ in dtype or shape, and if labels are kept but class names
// differ.
absl::StatusOr<std::unique_ptr<Dataset>> ConcatDatasets(std::shared_ptr<const Dataset> first,
                                                        std::shared_ptr<const Dataset> second,
                                                        SecondLabels second_labels);

}  // namespace distill
