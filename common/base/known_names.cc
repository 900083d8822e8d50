#include "common/base/known_names.h"

#include <algorithm>
#include <numeric>

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

std::string DescribeKnownNames(absl::string_view name, const std::vector<std::string>& known) {
  const auto nearest = std::min_element(
      known.begin(), known.end(),
      [&](const auto& a, const auto& b) { return Distance(name, a) < Distance(name, b); });
  const std::string list = absl::StrCat("nown are ", absl::StrJoin(known, ", "));
  if (Distance(name, *nearest) > std::max<size_t>(2, name.size() / 3)) {
    return absl::StrCat("k", list);
  }
  return absl::StrCat("did you mean ", *nearest, "? K", list);
}

}  // namespace distill
