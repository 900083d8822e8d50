// DecodedTargets: soft targets in the form that a loss takes, one of three.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "common/tensor/target_spec.h"

namespace distill {

// The teacher's logits, whole. They do not depend on the temperature.
struct FullLogits {
  at::Tensor logits;  // float32 [rows, classes]
};

// softmax(logits / T) of the k most likely classes, and the mass of all others together: the
// distribution, coarsened to k + 1 outcomes. Probabilities of a row sum to 1 with the tail.
struct TopKTargets {
  at::Tensor ids;                // int64 [rows, k], ascending
  at::Tensor log_probabilities;  // float32 [rows, k]
  at::Tensor log_tail;           // float32 [rows]
  int64_t classes = 0;
};

// Classes with weights whose expectation over the draws is softmax(logits / T). Weights of a row
// sum to 1; a place with weight 0 means nothing.
struct SampledTargets {
  at::Tensor ids;      // int64 [rows, places]
  at::Tensor weights;  // float32 [rows, places], ≥ 0
  int64_t classes = 0;
};

using DecodedTargets = std::variant<FullLogits, TopKTargets, SampledTargets>;

// The alternatives of DecodedTargets, in order.
enum class TargetForm { kFullLogits, kTopK, kSampled };

// "full logits", "top-k with tail", "samples".
absl::string_view Name(TargetForm form);

// The form that targets of the encoding decode to.
TargetForm FormOf(TargetEncoding encoding);

inline TargetForm FormOf(const DecodedTargets& targets) {
  return static_cast<TargetForm>(targets.index());
}

int64_t Rows(const DecodedTargets& targets);
int64_t Classes(const DecodedTargets& targets);

// The class that each row holds for the most likely. int64 [rows].
at::Tensor MostLikely(const DecodedTargets& targets);

}  // namespace distill
