// Rows of small unsigned integers with no bit wasted: class ids and counts as they travel.
//
// A value takes `bits` bits, the next one begins at the bit behind it; bits count from each byte's
// lowest, bytes in order. A row begins at a byte; what is left of its last byte is 0, and not
// looked at when read.
#pragma once

#include <cstdint>

#include "absl/types/span.h"

namespace distill {

inline constexpr int kMaxPackedBits = 31;

// The bits that hold 0 to `largest`, at least 1. 0 ≤ largest < 2^31.
int BitsFor(int64_t largest);

// Bytes of a row of `count` values. Does not overflow for count < 2^31.
constexpr int64_t PackedBytes(int64_t count, int bits) { return (count * bits + 7) / 8; }

// Writes PackedBytes(values.size(), bits) bytes. 1 ≤ bits ≤ kMaxPackedBits; values in [0, 2^bits).
void PackRow(absl::Span<const int64_t> values, int bits, uint8_t* packed);

// The inverse: reads as many values as `values` holds, each in [0, 2^bits).
void UnpackRow(const uint8_t* packed, int bits, absl::Span<int64_t> values);

}  // namespace distill
