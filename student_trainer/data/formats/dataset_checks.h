// Checks that all data sets share.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "student_trainer/data/dataset.h"

namespace distill {

// Checks the arguments of Dataset::Read: OUT_OF_RANGE for a sample that does not exist,
// INVALID_ARGUMENT for destinations of another number or size than the sample's inputs. `path`
// names the data.
absl::Status CheckRead(absl::string_view path, const Dataset& dataset, int64_t index,
                       Destinations destinations);

// Returns Dataset::classes() of `samples` samples: the number of names if there are any, otherwise
// the largest label + 1. INVALID_ARGUMENT names the sample whose label is neither kNoLabel nor 0
// … limit-1, where `limit` is the number of names, otherwise `most_classes`. `path` names the file
// of labels, `unit` what has one.
absl::StatusOr<int64_t> CountClasses(absl::string_view path, int64_t samples,
                                     const std::function<int64_t(int64_t sample)>& label,
                                     const std::vector<std::string>& class_names,
                                     int64_t most_classes, absl::string_view unit = "sample");

}  // namespace distill
