#include "student_trainer/data/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/check.h"
#include "common/base/random.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

// The two draws are independent of each other.
constexpr uint64_t kValidationTag = 0x76616c;  // "val"
constexpr uint64_t kLabelTag = 0x6c6162656c;   // "label"

using ByClass = std::map<int64_t, std::vector<int64_t>>;  // class → its samples, ascending

int64_t Total(const ByClass& samples) {
  int64_t total = 0;
  for (const auto& [label, ids] : samples) total += static_cast<int64_t>(ids.size());
  return total;
}

// Returns how many of `count` samples each class gives: the floor of its share, and one more for
// the classes with the largest remainders (Hamilton's method). Equal remainders are ranked at
// random, since ranking by class would favour the first. 0 < count ≤ Total(samples) < 2^31, so that
// the products fit.
std::map<int64_t, int64_t> Shares(const ByClass& samples, int64_t count, uint64_t seed) {
  struct Claim {
    int64_t remainder;
    uint64_t rank;
    int64_t label;
  };
  std::map<int64_t, int64_t> shares;
  std::vector<Claim> claims;
  const int64_t total = Total(samples);
  int64_t left = count;
  for (const auto& [label, ids] : samples) {
    const int64_t quota = count * static_cast<int64_t>(ids.size());  // in units of 1/total
    shares[label] = quota / total;
    left -= shares[label];
    claims.push_back({quota % total, MixSeed({seed, static_cast<uint64_t>(label)}), label});
  }
  std::sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) {
    return std::pair(-a.remainder, a.rank) < std::pair(-b.remainder, b.rank);
  });
  for (int64_t i = 0; i < left; ++i) ++shares[claims[static_cast<size_t>(i)].label];
  return shares;
}

// Removes `count` samples from `samples`, stratified; returns them ascending.
std::vector<int64_t> Draw(ByClass& samples, int64_t count, uint64_t seed) {
  std::vector<int64_t> drawn;
  if (count == 0) return drawn;  // there may be none to draw from
  const std::map<int64_t, int64_t> shares = Shares(samples, count, seed);
  for (auto& [label, ids] : samples) {
    Shuffle(ids, MixSeed({seed, static_cast<uint64_t>(label)}));
    const auto end = ids.begin() + shares.at(label);
    drawn.insert(drawn.end(), ids.begin(), end);
    ids.erase(ids.begin(), end);
    std::sort(ids.begin(), ids.end());
  }
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

absl::Status CheckCount(absl::string_view name, const std::optional<int64_t>& count,
                        const std::optional<double>& fraction) {
  if (!count.has_value()) return absl::OkStatus();
  const std::string field = absl::StrCat(name, "_count");
  RETURN_IF_ERROR(CheckAtLeast(field, *count, 0));
  if (!fraction.has_value()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(Field(field), ": ",
                                                 Field(absl::StrCat(name, "_fraction")),
                                                 " is given, too; give one of them"));
}

int64_t CountOf(const std::optional<int64_t>& count, double fraction, int64_t available) {
  return count.value_or(std::llround(fraction * static_cast<double>(available)));
}

}  // namespace

absl::Status SplitOptions::Validate() const {
  RETURN_IF_ERROR(CheckCount("val", val_count, val_fraction));
  RETURN_IF_ERROR(CheckCount("label", label_count, label_fraction));
  RETURN_IF_ERROR(CheckInHalfOpenRange("val_fraction", val_fraction.value_or(0), 0, 1));
  return CheckInRange("label_fraction", label_fraction.value_or(1), 0, 1);
}

absl::StatusOr<Split> SplitDataset(absl::Span<const int64_t> labels, const SplitOptions& options) {
  RETURN_IF_ERROR(options.Validate());
  Split split;
  ByClass remaining;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < -1) {
      return InvalidValue(absl::StrCat("the label of sample ", i), labels[i],
                          "a class, or -1 for none");
    }
    auto& ids = labels[i] < 0 ? split.unlabelled : remaining[labels[i]];
    ids.push_back(static_cast<int64_t>(i));
  }

  const int64_t labelled = Total(remaining);
  const int64_t val_count =
      CountOf(options.val_count, options.val_fraction.value_or(kDefaultValFraction), labelled);
  if (val_count > labelled) {
    return InvalidField("val_count", val_count,
                        absl::StrCat("at most ", labelled, ", the number of labelled samples"));
  }
  split.validation = Draw(remaining, val_count, MixSeed({options.split_seed, kValidationTag}));

  const int64_t available = labelled - val_count;
  const int64_t label_count =
      CountOf(options.label_count, options.label_fraction.value_or(1.0), available);
  if (label_count > available) {
    return InvalidField(
        "label_count", label_count,
        absl::StrCat("at most ", available, ", the labelled samples that remain of ", labelled,
                     " after holding out ", val_count, " for validation"));
  }
  split.labelled = Draw(remaining, label_count, MixSeed({options.split_seed, kLabelTag}));

  for (const auto& [label, ids] : remaining) {
    split.unlabelled.insert(split.unlabelled.end(), ids.begin(), ids.end());
  }
  std::sort(split.unlabelled.begin(), split.unlabelled.end());
  return split;
}

}  // namespace distill
