#include "common/base/known_names.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace distill {
namespace {

// Letters to insert, delete or replace, to make `b` of `a`.
size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);  // from the first i letters of `a` to each start of `b`
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string SomeOf(absl::Span<const std::string> names, size_t most) {
  const std::string shown = absl::StrJoin(names.subspan(0, most), ", ");
  return names.size() <= most ? shown : absl::StrCat(shown, " and ", names.size() - most, " more");
}

std::string AnyOf(absl::Span<const std::string> names) {
  if (names.size() < 2) return absl::StrJoin(names, "");
  return absl::StrCat(absl::StrJoin(names.first(names.size() - 1), ", "), " or ", names.back());
}

std::string DescribeKnownNames(absl::string_view name, absl::Span<const std::string> known) {
  const auto nearest = std::min_element(
      known.begin(), known.end(),
      [&](const auto& a, const auto& b) { return Distance(name, a) < Distance(name, b); });
  const std::string list = AnyOf(known);
  if (Distance(name, *nearest) > std::max<size_t>(2, name.size() / 3)) return list;
  return absl::StrCat(list, " (did you mean ", *nearest, "?)");
}

}  // namespace distill
