#include "student_trainer/data/formats/dataset_checks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/count.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/sample_memory.h"

namespace distill {

absl::Status CheckRead(absl::string_view path, const Dataset& dataset, int64_t index,
                       Destinations destinations) {
  if (index < 0 || index >= dataset.size()) {
    return absl::OutOfRangeError(
        absl::StrCat(path, ": sample ", index, " of ", dataset.size(), " was asked for"));
  }
  const std::vector<InputSpec>& inputs = dataset.inputs();
  if (destinations.size() != inputs.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": a sample has ", Count(static_cast<int64_t>(inputs.size()), "input"),
                     ", and there are ", destinations.size(), " destinations"));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    ASSIGN_OR_RETURN(const size_t bytes, SampleBytes(inputs[i], dataset.Length(index)));
    if (destinations[i].size() == bytes) continue;
    return absl::InvalidArgumentError(absl::StrCat(path, ": a sample has ",
                                                   Count(static_cast<int64_t>(bytes), "byte"),
                                                   ", the destination ", destinations[i].size()));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> CountClasses(absl::string_view path, int64_t samples,
                                     const std::function<int64_t(int64_t sample)>& label,
                                     const std::vector<std::string>& class_names,
                                     int64_t most_classes, absl::string_view unit) {
  const auto names = static_cast<int64_t>(class_names.size());
  const int64_t limit = names > 0 ? names : most_classes;
  int64_t largest = kNoLabel;
  for (int64_t sample = 0; sample < samples; ++sample) {
    const int64_t value = label(sample);
    if (value < kNoLabel) {
      return InvalidValue(absl::StrCat(path, ": the label of ", unit, " ", sample), value,
                          absl::StrCat("a class from 0, or ", kNoLabel, " for none"));
    }
    if (value >= limit) {
      return InvalidValue(
          absl::StrCat(path, ": the label of ", unit, " ", sample), value,
          absl::StrCat("0 to ", limit - 1, ", as there ", limit == 1 ? "is " : "are ",
                       names > 0 ? Count(limit, "class name")
                                 : absl::StrCat(Count(limit, "class"), " at most")));
    }
    largest = std::max(largest, value);
  }
  return names > 0 ? names : largest + 1;
}

}  // namespace distill
