#include "student_trainer/data/data_summary.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/count.h"

namespace distill {
namespace {

constexpr size_t kMostClassesCounted = 12;  // in the line, one by one
constexpr size_t kMostNames = 5;            // in a warning
constexpr int64_t kIgnoreLabel = 255;       // of segmentation sets, and of -1 as uint8

std::string NameOf(const Dataset& dataset, size_t label) {
  const std::vector<std::string>& names = dataset.class_names();
  return label < names.size() ? names[label] : absl::StrCat(label);
}

std::string ClassesLine(const Dataset& dataset, const std::vector<int64_t>& counts) {
  const std::string classes = Count(static_cast<int64_t>(counts.size()), "class");
  if (counts.size() > kMostClassesCounted) {
    const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
    return absl::StrCat(classes, " of ", *least, " to ", Count(*most, "sample"));
  }
  std::vector<std::string> each;
  for (size_t label = 0; label < counts.size(); ++label) {
    each.push_back(absl::StrCat(NameOf(dataset, label), " ", counts[label]));
  }
  return absl::StrCat(classes, ": ", absl::StrJoin(each, ", "));
}

void WarnOfEmptyClasses(absl::string_view what, const Dataset& dataset,
                        const std::vector<int64_t>& counts, std::vector<std::string>& warnings) {
  std::vector<size_t> empty;
  for (size_t label = 0; label < counts.size(); ++label) {
    if (counts[label] == 0) empty.push_back(label);
  }
  if (empty.empty()) return;
  const bool named = !dataset.class_names().empty();
  const size_t last = counts.size() - 1;
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min(empty.size(), kMostNames); ++i) {
    names.push_back(NameOf(dataset, empty[i]));
  }
  std::string warning = absl::StrCat(what, ": no sample has ", named ? "the class " : "the label ",
                                     absl::StrJoin(names, ", "));
  if (empty.size() > kMostNames) {
    absl::StrAppend(&warning, " and ",
                    Count(static_cast<int64_t>(empty.size() - kMostNames), "other"));
  }
  if (!named && empty == std::vector<size_t>{0}) {
    absl::StrAppend(&warning, "; labels count from 0, and these seem to count from 1");
  } else if (!named && last == kIgnoreLabel && empty.back() == last - 1) {
    absl::StrAppend(&warning, "; 255 is a class like others here: label samples to ignore -1");
  } else if (!named) {
    absl::StrAppend(&warning, "; the ", counts.size(),
                    " classes are those up to the largest label");
  }
  warnings.push_back(std::move(warning));
}

// "0, 1, 10, 2" is the order of text.
void WarnOfNumbersSortedAsText(absl::string_view what, const Dataset& dataset,
                               std::vector<std::string>& warnings) {
  const std::vector<std::string>& names = dataset.class_names();
  std::vector<int64_t> numbers;
  for (const std::string& name : names) {
    int64_t number = 0;
    if (!absl::SimpleAtoi(name, &number)) return;
    numbers.push_back(number);
  }
  if (std::is_sorted(numbers.begin(), numbers.end())) return;
  if (!std::is_sorted(names.begin(), names.end())) return;  // an order that was given
  const size_t wrong =
      static_cast<size_t>(std::is_sorted_until(numbers.begin(), numbers.end()) - numbers.begin());
  warnings.push_back(absl::StrCat(what, ": the class names are numbers in the order of text, so \"",
                                  names[wrong], "\" is class ", wrong,
                                  "; `class_names` sets another order"));
}

}  // namespace

DataSummary Summarize(absl::string_view what, const Dataset& dataset) {
  DataSummary summary;
  std::vector<int64_t> counts(static_cast<size_t>(dataset.classes()), 0);
  int64_t labelled = 0;
  int64_t positions = 0;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    labelled += dataset.Label(i) == kNoLabel ? 0 : 1;
    for (const int64_t label : dataset.Labels(i)) {
      ++positions;
      if (label >= 0) ++counts[static_cast<size_t>(label)];
    }
  }
  summary.line = absl::StrCat(what, ": ", Count(dataset.size(), "sample"));
  if (labelled < dataset.size())
    absl::StrAppend(&summary.line, ", ", labelled, " of them labelled");
  if (dataset.labels_by_position()) {
    absl::StrAppend(&summary.line, ", with labels of ", Count(positions, "position"));
  }
  if (labelled > 0) {
    absl::StrAppend(&summary.line, ", ", ClassesLine(dataset, counts));
    WarnOfEmptyClasses(what, dataset, counts, summary.warnings);
    WarnOfNumbersSortedAsText(what, dataset, summary.warnings);
  }
  for (const std::string& note : dataset.notes()) summary.warnings.push_back(note);
  return summary;
}

}  // namespace distill
