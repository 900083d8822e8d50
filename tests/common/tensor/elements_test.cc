#include "common/tensor/elements.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace distill {
namespace {

TEST(HalfToFloatTest, EveryKindOfValueIsRight) {
  EXPECT_EQ(HalfToFloat(0x3C00), 1.0f);
  EXPECT_EQ(HalfToFloat(0xC900), -10.0f);
  EXPECT_EQ(HalfToFloat(0x0000), 0.0f);
  EXPECT_TRUE(std::signbit(HalfToFloat(0x8000)));
  EXPECT_EQ(HalfToFloat(0x0001), 0x1.0p-24f);
  EXPECT_EQ(HalfToFloat(0x0400), 0x1.0p-14f);
  EXPECT_EQ(HalfToFloat(0xFBFF), -65504.0f);
  EXPECT_EQ(HalfToFloat(0x7C00), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(HalfToFloat(0x7E01)));
}

template <typename T>
void ExpectReads(DType dtype, const std::vector<T>& values) {
  // One byte into the memory, so that no element is aligned.
  std::vector<uint8_t> memory(1 + values.size() * sizeof(T));
  std::memcpy(memory.data() + 1, values.data(), values.size() * sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(ElementAt(dtype, memory.data() + 1, i), static_cast<double>(values[i]))
        << Name(dtype) << " " << i;
  }
}

TEST(ElementAtTest, ReadsEveryTypeAtAnyAddress) {
  ExpectReads<uint8_t>(DType::kBool, {0, 1});
  ExpectReads<uint8_t>(DType::kUint8, {0, 255});
  ExpectReads<int8_t>(DType::kInt8, {-128, 127});
  ExpectReads<int16_t>(DType::kInt16, {-32768, 5});
  ExpectReads<int32_t>(DType::kInt32, {std::numeric_limits<int32_t>::min(), 7});
  ExpectReads<int64_t>(DType::kInt64, {-(int64_t{1} << 53), 3});
  ExpectReads<float>(DType::kFloat32, {-1.5F, 3e38F});
  ExpectReads<double>(DType::kFloat64, {1e-300, -2});
}

TEST(ElementAtTest, ReadsTheHalfTypesFromTheirBits) {
  const std::vector<uint16_t> half = {0x3C00, 0xC900};
  const std::vector<uint16_t> brain = {0x3F80, 0xC120};
  for (size_t i = 0; i < 2; ++i) {
    const double value = i == 0 ? 1 : -10;
    EXPECT_EQ(ElementAt(DType::kFloat16, reinterpret_cast<const uint8_t*>(half.data()), i), value);
    EXPECT_EQ(ElementAt(DType::kBFloat16, reinterpret_cast<const uint8_t*>(brain.data()), i),
              value);
  }
}

}  // namespace
}  // namespace distill
