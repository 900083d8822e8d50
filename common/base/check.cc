#include "common/base/check.h"

#include <algorithm>

#include "common/base/known_names.h"

namespace distill {

absl::Status CheckOneOf(absl::string_view field, absl::string_view value,
                        absl::Span<const std::string> allowed) {
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return absl::OkStatus();
  return InvalidField(field, absl::StrCat("'", value, "'"), DescribeKnownNames(value, allowed));
}

absl::Status CheckGiven(absl::string_view field, absl::string_view value, absl::string_view what) {
  if (!value.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(Field(field), ": it is missing; give ", what));
}

}  // namespace distill
