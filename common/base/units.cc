#include "common/base/units.h"

#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status.h"

namespace distill {
namespace {

struct Unit {
  absl::string_view name;
  int64_t bytes;
};
constexpr Unit kUnits[] = {
    {"TiB", int64_t{1} << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}};

}  // namespace

absl::StatusOr<int64_t> ParseByteSize(absl::string_view text) {
  const auto invalid = [text] {
    return InvalidValue("the size", absl::StrCat("'", text, "'"),
                        "a number with KiB, MiB, GiB or TiB, as in 2MiB");
  };
  const size_t digits = text.find_first_not_of("0123456789.");
  const absl::string_view unit =
      digits == absl::string_view::npos ? "B" : absl::StripAsciiWhitespace(text.substr(digits));
  for (const Unit& known : kUnits) {
    if (unit != known.name) continue;
    double number = 0;
    if (!absl::SimpleAtod(text.substr(0, digits), &number)) return invalid();
    const double bytes = number * static_cast<double>(known.bytes);
    if (!(bytes < 0x1p62) || bytes != std::floor(bytes)) return invalid();
    return static_cast<int64_t>(bytes);
  }
  return invalid();
}

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) || duration < absl::ZeroDuration() ||
      duration == absl::InfiniteDuration()) {
    return InvalidValue("the duration", absl::StrCat("'", text, "'"),
                        "a number with us, ms, s, m or h, as in 5ms");
  }
  return duration;
}

std::string FormatBytes(int64_t bytes) {
  for (const Unit& unit : kUnits) {
    if (bytes < unit.bytes || unit.bytes == 1) continue;
    const double number = static_cast<double>(bytes) / static_cast<double>(unit.bytes);
    // From 9.995 on two decimals would round to 10.00.
    const int decimals = number < 9.995 ? 2 : number < 99.95 ? 1 : 0;
    return absl::StrFormat("%.*f %s", decimals, number, unit.name);
  }
  return absl::StrCat(bytes, " B");
}

}  // namespace distill
