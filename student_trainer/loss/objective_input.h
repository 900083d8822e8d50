// What an objective is computed from.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "common/targets/decoded.h"

namespace distill {

inline constexpr int64_t kNoLabel = -1;

struct ObjectiveInput {
  at::Tensor student_logits;  // floating [n, classes]
  DecodedTargets targets;     // of as many rows and classes; no gradient flows into them
  // int64 [n], kNoLabel where there is none; undefined where none has one. Of a mixed sample, that
  // of the part with more weight.
  at::Tensor labels = {};
  double temperature = 1;  // T: finite, > 0
  // Logit standardisation (Sun, Ren, Li, Wang, Cao, "Logit standardization in knowledge
  // distillation", 2024, arXiv:2403.01427): each row of both logits becomes
  // (z - mean) / (deviation + 1e-7), the deviation with n - 1. Full logits only.
  bool standardize_logits = false;

  int64_t rows() const { return student_logits.size(0); }
  int64_t classes() const { return student_logits.size(1); }
};

// As the objectives look at them: standardised if asked for, not yet divided by T. [n, classes]
at::Tensor StudentLogits(const ObjectiveInput& input);
// The targets must be full logits.
at::Tensor TeacherLogits(const ObjectiveInput& input);

// Rows begin to end - 1, of all that there is a row of; shares the memory.
ObjectiveInput SliceRows(const ObjectiveInput& input, int64_t begin, int64_t end);

}  // namespace distill
