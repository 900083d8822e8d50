// DataSummary: what is in a data set, for the first lines of a run.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "student_trainer/data/dataset.h"

namespace distill {

struct DataSummary {
  std::string line;                   // "train: 120 samples, 2 classes: disc 60, wide 60"
  std::vector<std::string> warnings;  // a sentence each, without a stop
};

// Reads every label. `what` is the option that names the data. Warns of classes without samples, of
// labels that begin at 1 or mean "ignore" in other tools, of numbers as class names that are sorted
// as text, and of the data set's own notes.
DataSummary Summarize(absl::string_view what, const Dataset& dataset);

}  // namespace distill
