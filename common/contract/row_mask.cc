#include "common/contract/row_mask.h"

#include <bit>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

bool IsSet(absl::string_view mask, int64_t position) {
  return (static_cast<uint8_t>(mask[static_cast<size_t>(position / 8)]) >> (position % 8) & 1) != 0;
}

}  // namespace

std::string PackRowMask(const std::vector<bool>& wanted) {
  std::string mask((wanted.size() + 7) / 8, '\0');
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i]) mask[i / 8] = static_cast<char>(static_cast<uint8_t>(mask[i / 8]) | 1U << i % 8);
  }
  return mask;
}

absl::Status CheckRowMask(absl::string_view mask, absl::Span<const int64_t> lengths) {
  const int64_t positions = std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
  const int64_t bytes = positions / 8 + (positions % 8 == 0 ? 0 : 1);
  if (static_cast<int64_t>(mask.size()) != bytes) {
    return InvalidValue("the size of row_mask", absl::StrCat(mask.size(), " bytes"),
                        absl::StrCat(bytes, " for ", positions, " positions"));
  }
  for (int64_t bit = positions; bit < bytes * 8; ++bit) {
    if (IsSet(mask, bit)) return InvalidValue("an unused bit of row_mask", 1, 0);
  }
  int64_t position = 0;
  for (size_t sample = 0; sample < lengths.size(); ++sample) {
    const int64_t end = position + lengths[sample];
    while (position < end && !IsSet(mask, position)) ++position;
    if (position == end) {
      return absl::InvalidArgumentError(absl::StrCat("row_mask: it selects no position of sample ",
                                                     sample, "; leave the sample out"));
    }
    position = end;
  }
  return absl::OkStatus();
}

std::vector<int64_t> SelectedRows(absl::string_view mask, int64_t positions) {
  std::vector<int64_t> rows;
  rows.reserve(static_cast<size_t>(CountSelectedRows(mask, positions)));
  for (int64_t i = 0; i < positions; ++i) {
    if (mask.empty() || IsSet(mask, i)) rows.push_back(i);
  }
  return rows;
}

int64_t CountSelectedRows(absl::string_view mask, int64_t positions) {
  if (mask.empty()) return positions;
  int64_t count = 0;
  for (const char byte : mask) count += std::popcount(static_cast<uint8_t>(byte));
  return count;
}

}  // namespace distill
