// DecodedTargets are soft targets in the form that a loss takes, which is one of four.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "common/contract/target_spec.h"

namespace distill {

// All logits of the teacher. They do not depend on the temperature.
struct FullLogits {
  at::Tensor logits;  // float32 [rows, classes]
};

// softmax(logits / T) of the k most likely classes, and the mass of all other classes together: the
// distribution, coarsened to k + 1 outcomes. The probabilities of a row and its tail sum to 1.
struct TopKTargets {
  at::Tensor ids;                // int64 [rows, k], ascending
  at::Tensor log_probabilities;  // float32 [rows, k]
  at::Tensor log_tail;           // float32 [rows]
  int64_t classes = 0;
};

// Classes with weights whose expectation over the draws is softmax(logits / T). The weights of a
// row sum to 1; a place with weight 0 is unused.
struct SampledTargets {
  at::Tensor ids;      // int64 [rows, places]
  at::Tensor weights;  // float32 [rows, places], ≥ 0
  int64_t classes = 0;
};

// Rows of an output that is not logits.
struct Vectors {
  at::Tensor values;  // float32 [rows, width]
};

using DecodedTargets = std::variant<FullLogits, TopKTargets, SampledTargets, Vectors>;

// Targets of several outputs of a teacher, by their names.
using DecodedOutputs = std::map<std::string, DecodedTargets>;

// The alternatives of DecodedTargets, in order.
enum class TargetForm { kFullLogits, kTopK, kSampled, kVectors };

// "full logits", "top-k with tail", "samples", "vectors".
absl::string_view Name(TargetForm form);

// Returns the form that targets of the encoding decode to; of logits, or of the spec's kind.
TargetForm FormOf(TargetEncoding encoding);
TargetForm FormOf(const TargetSpec& spec);

inline TargetForm FormOf(const DecodedTargets& targets) {
  return static_cast<TargetForm>(targets.index());
}

int64_t Rows(const DecodedTargets& targets);
// Of vectors: their width.
int64_t Classes(const DecodedTargets& targets);

// Returns the rows of an index, int64 [rows], in its order.
DecodedTargets SelectRows(const DecodedTargets& targets, const at::Tensor& index);

// Returns the most likely class of each row, int64 [rows]. The targets must not be vectors.
at::Tensor MostLikely(const DecodedTargets& targets);

}  // namespace distill
