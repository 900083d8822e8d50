#include "common/client/session/backoff.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"

namespace distill {
namespace {

constexpr double kJitter = 0.2;

}  // namespace

absl::Status BackoffOptions::Validate() const {
  if (initial <= absl::ZeroDuration() || initial > max || max == absl::InfiniteDuration()) {
    return InvalidField("initial", absl::FormatDuration(initial),
                        absl::StrCat("more than 0 and at most `max`, which is ",
                                     absl::FormatDuration(max), " and finite"));
  }
  return CheckAtLeast("multiplier", multiplier, 1);
}

absl::Duration Backoff::Next() {
  const absl::Duration base = next_;
  next_ = std::min(options_.max, next_ * options_.multiplier);
  return base * (1 - kJitter + 2 * kJitter * random_.NextDouble());
}

}  // namespace distill
