#include "common/contract/bit_packing.h"

#include <algorithm>
#include <bit>

namespace distill {

int BitsFor(int64_t largest) {
  return std::max(1, static_cast<int>(std::bit_width(static_cast<uint64_t>(largest))));
}

void PackRow(absl::Span<const int64_t> values, int bits, uint8_t* packed) {
  uint64_t window = 0;  // written from its lowest bit; never more than 7 + 31 bits
  int held = 0;
  for (const int64_t value : values) {
    window |= static_cast<uint64_t>(value) << held;
    for (held += bits; held >= 8; held -= 8) {
      *packed++ = static_cast<uint8_t>(window);
      window >>= 8;
    }
  }
  if (held > 0) *packed = static_cast<uint8_t>(window);
}

void UnpackRow(const uint8_t* packed, int bits, absl::Span<int64_t> values) {
  const uint64_t mask = (uint64_t{1} << bits) - 1;
  uint64_t window = 0;
  int held = 0;
  for (int64_t& value : values) {
    for (; held < bits; held += 8) window |= static_cast<uint64_t>(*packed++) << held;
    value = static_cast<int64_t>(window & mask);
    window >>= bits;
    held -= bits;
  }
}

}  // namespace distill
