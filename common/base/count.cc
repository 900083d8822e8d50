#include "common/base/count.h"

#include <algorithm>
#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace distill {
namespace {

constexpr std::array<absl::string_view, 5> kEndingsWithEs = {"s", "x", "z", "ch", "sh"};
constexpr absl::string_view kVowels = "aeiou";

bool EndsWithConsonantAndY(absl::string_view noun) {
  return noun.size() > 1 && noun.back() == 'y' &&
         !absl::StrContains(kVowels, noun[noun.size() - 2]);
}

}  // namespace

std::string Count(int64_t number, absl::string_view noun) {
  const std::string counted = absl::StrCat(number, " ", noun);
  if (number == 1) return counted;
  if (EndsWithConsonantAndY(noun)) return absl::StrCat(absl::StripSuffix(counted, "y"), "ies");
  const bool with_es =
      std::any_of(kEndingsWithEs.begin(), kEndingsWithEs.end(),
                  [noun](absl::string_view ending) { return absl::EndsWith(noun, ending); });
  return absl::StrCat(counted, with_es ? "es" : "s");
}

}  // namespace distill
