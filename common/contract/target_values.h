// Checks whether values that a peer sent as soft targets can be soft targets. It does not need
// LibTorch, so the receiver can check them before it uses them.
#pragma once

#include "absl/status/status.h"
#include "common/contract/target_spec.h"

namespace distill {

// How far the sum of the probabilities of a row may be from 1. Rounding log-probabilities to
// float16 changes the sum by at most 2^-11 · entropy, which is 0.011 for 2^31 classes.
inline constexpr double kProbabilityTolerance = 0.02;

// No logit may be larger, so that sums and differences of logits stay finite.
inline constexpr float kLargestLogit = 1e30f;

// The targets must have passed Validate(). Returns OK if
//   every element of outputs that are not logits is finite;
//   every element of dense targets is finite, within kLargestLogit, and at most the maximum of its
//   row if that is sent separately;
//   ids are below the number of classes and ascend (the k; the draws that have a count), and no id
//   is in both lists, so that all are unique;
//   log-probabilities and tail are at most 0, and their probabilities sum to 1;
//   counts sum to the number of draws, and precede the unused places, whose id and count are 0.
// Otherwise returns INVALID_ARGUMENT with the part, the row and the value.
absl::Status ValidateValues(const EncodedTargets& targets);

}  // namespace distill
