#include "common/tensor/elements.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace distill {
namespace {

template <typename T>
T Load(const uint8_t* data, size_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  return value;
}

}  // namespace

float HalfToFloat(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 0x3ff;
  float magnitude = 0;
  if (exponent == 31) {
    magnitude = fraction == 0 ? INFINITY : NAN;
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    magnitude = std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

double ElementAt(DType dtype, const uint8_t* data, size_t index) {
  switch (dtype) {
    case DType::kBool:
    case DType::kUint8:
      return data[index];
    case DType::kInt8:
      return Load<int8_t>(data, index);
    case DType::kInt16:
      return Load<int16_t>(data, index);
    case DType::kInt32:
      return Load<int32_t>(data, index);
    case DType::kInt64:
      return static_cast<double>(Load<int64_t>(data, index));
    case DType::kFloat16:
      return HalfToFloat(Load<uint16_t>(data, index));
    case DType::kBFloat16:
      return std::bit_cast<float>(uint32_t{Load<uint16_t>(data, index)} << 16);
    case DType::kFloat32:
      return Load<float>(data, index);
    case DType::kFloat64:
      return Load<double>(data, index);
  }
  return 0;
}

}  // namespace distill
