// ObjectiveInput is what an objective is computed from.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "common/codec/decoded.h"
#include "common/contract/labels.h"

namespace distill {

struct ObjectiveInput {
  at::Tensor student_logits;  // floating [n, classes]
  DecodedTargets targets;     // as many rows and classes; no gradient flows into them
  // int64 [n], kNoLabel where there is none; undefined if no sample has one. For a mixed sample,
  // the label of the part with more weight.
  at::Tensor labels = {};
  double temperature = 1;  // T: finite, > 0
  // Logit standardisation (Sun, Ren, Li, Wang, Cao, "Logit standardization in knowledge
  // distillation", 2024, arXiv:2403.01427): each row of both logits becomes
  // (z - mean) / (deviation + 1e-7), the deviation with n - 1. Full logits only.
  bool standardize_logits = false;

  int64_t rows() const { return student_logits.size(0); }
  int64_t classes() const { return student_logits.size(1); }
};

// Return the logits in the form that objectives use: standardised if requested, not yet divided by
// T. [n, classes]
at::Tensor StudentLogits(const ObjectiveInput& input);
// The targets must be full logits.
at::Tensor TeacherLogits(const ObjectiveInput& input);

// Returns rows begin to end - 1 of every member that has rows; shares the memory.
ObjectiveInput SliceRows(const ObjectiveInput& input, int64_t begin, int64_t end);

}  // namespace distill
