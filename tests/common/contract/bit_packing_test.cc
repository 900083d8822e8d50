#include "common/contract/bit_packing.h"

#include <gtest/gtest.h>

#include <vector>

#include "common/base/random.h"

namespace distill {
namespace {

std::vector<uint8_t> Packed(const std::vector<int64_t>& values, int bits) {
  std::vector<uint8_t> packed(
      static_cast<size_t>(PackedBytes(static_cast<int64_t>(values.size()), bits)), 0xAA);
  PackRow(values, bits, packed.data());
  return packed;
}

TEST(BitPackingTest, BitsHoldTheLargestAndNoMore) {
  EXPECT_EQ(BitsFor(0), 1);
  EXPECT_EQ(BitsFor(1), 1);
  EXPECT_EQ(BitsFor(2), 2);
  EXPECT_EQ(BitsFor(127'999), 17);  // ids of 128,000 classes
  EXPECT_EQ(BitsFor(127), 7);
  EXPECT_EQ(BitsFor((int64_t{1} << 31) - 1), 31);
}

TEST(BitPackingTest, TheLayoutIsLowestBitFirst) {
  // 1 → 100, 6 → 011, 5 → 101, written from the left, lowest bit first: 10001110 1.
  EXPECT_EQ(Packed({1, 6, 5}, 3), (std::vector<uint8_t>{0b01110001, 0b00000001}));
  EXPECT_EQ(Packed({0x12345}, 17), (std::vector<uint8_t>{0x45, 0x23, 0x01}));
  EXPECT_EQ(Packed({7, 8}, 8), (std::vector<uint8_t>{7, 8}));
}

TEST(BitPackingTest, EveryWidthAndLengthSurvivesTheRoundTrip) {
  SplitMix64 random(1);
  for (int bits = 1; bits <= kMaxPackedBits; ++bits) {
    for (const size_t n : {0u, 1u, 2u, 7u, 8u, 9u, 100u}) {
      std::vector<int64_t> values(n);
      for (int64_t& value : values) value = static_cast<int64_t>(random.Below(uint64_t{1} << bits));
      if (n > 1) values[1] = (int64_t{1} << bits) - 1;
      std::vector<int64_t> read(n, -1);
      // The buffer is exactly PackedBytes long: the sanitizers would detect an access past it.
      const std::vector<uint8_t> packed = Packed(values, bits);
      UnpackRow(packed.data(), bits, absl::MakeSpan(read));
      EXPECT_EQ(read, values) << bits << " bits";
    }
  }
}

TEST(BitPackingTest, BytesAreThoseThatTheBitsFill) {
  EXPECT_EQ(PackedBytes(12, 17), 26);
  EXPECT_EQ(PackedBytes(0, 17), 0);
  EXPECT_EQ(PackedBytes(8, 1), 1);
  EXPECT_EQ(PackedBytes(9, 1), 2);
}

}  // namespace
}  // namespace distill
