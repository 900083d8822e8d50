#include "student_trainer/client/backoff.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace distill {
namespace {

constexpr double kJitter = 0.2;

}  // namespace

absl::Status BackoffOptions::Validate() const {
  if (initial <= absl::ZeroDuration() || initial > max || max == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("backoff: initial ", absl::FormatDuration(initial), ", max ",
                     absl::FormatDuration(max), "; 0 < initial ≤ max < infinity is needed"));
  }
  if (!(multiplier >= 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("backoff: multiplier ", multiplier, "; it is at least 1"));
  }
  return absl::OkStatus();
}

absl::Duration Backoff::Next() {
  const absl::Duration base = next_;
  next_ = std::min(options_.max, next_ * options_.multiplier);
  return base * (1 - kJitter + 2 * kJitter * random_.NextDouble());
}

}  // namespace distill
