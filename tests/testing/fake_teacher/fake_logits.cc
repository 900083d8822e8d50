#include "tests/testing/fake_teacher/fake_logits.h"

#include <cmath>

#include "common/base/random.h"

namespace distill::testing {
namespace {

float HalfValue(uint16_t bits) {
  if ((bits & 0x7fff) == 0) return 0;
  const float magnitude =
      std::ldexp(static_cast<float>((bits & 0x3ff) + 1024), (bits >> 10 & 31) - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

template <typename T>
std::vector<T> Elements(const HostTensor& tensor) {
  std::vector<T> elements(tensor.bytes.size() / sizeof(T));
  tensor.bytes.CopyTo(elements.data());
  return elements;
}

}  // namespace

std::vector<float> FakeLogits(absl::Span<const uint8_t> sample, int64_t classes) {
  uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const uint8_t byte : sample) hash = (hash ^ byte) * 0x100000001b3u;
  SplitMix64 random(hash);
  std::vector<float> logits;
  for (int64_t c = 0; c < classes; ++c) {
    logits.push_back(static_cast<float>(random.Below(512)) / 64 - 4);
  }
  return logits;
}

std::vector<float> DecodeFakeLogits(const EncodedTargets& targets) {
  if (targets.spec.encoding == TargetEncoding::kDenseF32) return Elements<float>(targets.parts[0]);
  const std::vector<uint16_t> values = Elements<uint16_t>(targets.parts[0]);
  const std::vector<float> maxima = Elements<float>(targets.parts[1]);
  std::vector<float> logits;
  for (size_t i = 0; i < values.size(); ++i) {
    logits.push_back(HalfValue(values[i]) + maxima[i / static_cast<size_t>(targets.classes)]);
  }
  return logits;
}

uint16_t HalfBits(float value) {
  if (value == 0) return 0;
  int exponent = 0;
  const float fraction = std::frexp(std::fabs(value), &exponent);  // in [0.5, 1)
  const auto mantissa = static_cast<uint16_t>(std::lround(fraction * 2048) - 1024);
  const uint16_t sign = value < 0 ? 0x8000 : 0;
  return static_cast<uint16_t>(sign | (exponent + 14) << 10 | mantissa);
}

}  // namespace distill::testing
