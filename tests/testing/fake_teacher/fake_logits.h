// The logits that a FakeTeacher answers with.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "common/contract/target_spec.h"

namespace distill::testing {

// Logits of one sample from its bytes: multiples of 1/64 in [-4, 4), which every dense encoding but
// bfloat16 holds exactly.
std::vector<float> FakeLogits(absl::Span<const uint8_t> sample, int64_t classes);

// The logits that a FakeTeacher's answer (DENSE_F32, DENSE_F16) holds, row after row.
std::vector<float> DecodeFakeLogits(const EncodedTargets& targets);

// The bits of a float16. Exact for multiples of 1/64 below 16 in magnitude.
uint16_t HalfBits(float value);

}  // namespace distill::testing
