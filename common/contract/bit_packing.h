// Packs rows of small unsigned integers without padding between them. Class ids and counts are sent
// in this form.
//
// Each value takes `bits` bits, and the next value starts at the next bit. Bits count from the
// lowest bit of each byte, bytes in order. Each row starts at a byte boundary; the unused bits of
// its last byte are written as 0 and ignored by readers.
#pragma once

#include <cstdint>

#include "absl/types/span.h"

namespace distill {

inline constexpr int kMaxPackedBits = 31;

// Returns how many bits hold every value from 0 to `largest`; at least 1. 0 ≤ largest < 2^31.
int BitsFor(int64_t largest);

// Returns the bytes of a row of `count` values. Does not overflow for count < 2^31.
constexpr int64_t PackedBytes(int64_t count, int bits) { return (count * bits + 7) / 8; }

// Writes PackedBytes(values.size(), bits) bytes. 1 ≤ bits ≤ kMaxPackedBits; values in [0, 2^bits).
void PackRow(absl::Span<const int64_t> values, int bits, uint8_t* packed);

// The inverse: reads as many values as `values` holds, each in [0, 2^bits).
void UnpackRow(const uint8_t* packed, int bits, absl::Span<int64_t> values);

}  // namespace distill
