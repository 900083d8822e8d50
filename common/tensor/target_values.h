// Whether the values that a peer sent as soft targets can be soft targets. Without LibTorch, so
// that whoever receives them can tell before anything is done with them.
#pragma once

#include "absl/status/status.h"
#include "common/tensor/target_spec.h"

namespace distill {

// How far the probabilities of a row may be from 1 in sum. Rounding log-probabilities to float16
// changes the sum by at most 2^-11 · entropy, which is 0.011 for 2^31 classes.
inline constexpr double kProbabilityTolerance = 0.02;

// No logit is larger: sums and differences of such stay finite.
inline constexpr float kLargestLogit = 1e30f;

// The targets must have passed Validate(). OK if every element of dense targets is finite, within
// kLargestLogit, and at most the row's maximum where that travels apart; if ids are below the
// number of classes and ascend (the k; the draws of those with a count), and none is in both, which
// makes them unique; if log-probabilities and tail are at most 0, and with the tail sum to
// probability 1; if counts sum to the draws, and stand before the unused places, whose id and count
// are 0. INVALID_ARGUMENT names the part, the row and the value.
absl::Status ValidateValues(const EncodedTargets& targets);

// The value of a float16, given its bits.
float HalfToFloat(uint16_t bits);

}  // namespace distill
