#include "student_trainer/quality/permutation.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace distill {

std::vector<Confusion> FindPermutation(absl::Span<const ClassCount> classes,
                                       absl::Span<const Confusion> confusions) {
  std::map<int64_t, Confusion> moved;  // by label
  for (const Confusion& confusion : confusions) {
    const int64_t of_class = classes[static_cast<size_t>(confusion.label)].samples;
    if (confusion.samples >= kPermutedSamples &&
        static_cast<double>(confusion.samples) >= kPermutedShare * static_cast<double>(of_class)) {
      moved[confusion.label] = confusion;
    }
  }
  // What remains when every class is removed that is not the answer of exactly one other: cycles.
  for (bool changed = true; changed;) {
    changed = false;
    std::map<int64_t, int> asked;
    for (const auto& [label, confusion] : moved) ++asked[confusion.answer];
    for (auto entry = moved.begin(); entry != moved.end();) {
      const bool cyclic = asked[entry->first] == 1 && moved.contains(entry->second.answer);
      changed |= !cyclic;
      entry = cyclic ? std::next(entry) : moved.erase(entry);
    }
  }
  std::vector<Confusion> permutation;
  for (const auto& [label, confusion] : moved) permutation.push_back(confusion);
  return permutation;
}

std::string DescribePermutation(absl::Span<const Confusion> permutation,
                                absl::Span<const ClassCount> classes,
                                absl::Span<const std::string> class_names) {
  constexpr size_t kMost = 5;
  std::vector<std::string> each;
  for (const Confusion& moved : permutation.first(std::min(permutation.size(), kMost))) {
    each.push_back(absl::StrCat(NameOfClass(static_cast<size_t>(moved.label), class_names),
                                each.empty() ? " is answered as " : " as ",
                                NameOfClass(static_cast<size_t>(moved.answer), class_names), " (",
                                moved.samples, " of ",
                                classes[static_cast<size_t>(moved.label)].samples, ")"));
  }
  std::string text = absl::StrJoin(each, ", ");
  if (permutation.size() > kMost) {
    absl::StrAppend(&text, " and ", permutation.size() - kMost, " more");
  }
  return text;
}

}  // namespace distill
