// QualityMeter: sums up how good a model's logits are, batch by batch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "student_trainer/evaluation/evaluation.h"
#include "student_trainer/quality/quality.h"

namespace distill {

// Not thread-safe.
class QualityMeter {
 public:
  // Labels are below `classes`; logits may have more.
  explicit QualityMeter(int64_t classes) { quality_.classes.resize(static_cast<size_t>(classes)); }

  // Logits [n, ≥ classes], labels int64 [n], on the CPU; n ≥ 1.
  void Add(const at::Tensor& logits, const at::Tensor& labels);

  // Of all that was added.
  Quality quality() const;

  // The class that the model chose, for each sample in the order they were added.
  const std::vector<int64_t>& answers() const { return answers_; }

 private:
  Quality quality_;  // loss: the sum
  std::map<std::pair<int64_t, int64_t>, int64_t> confusions_;
  std::vector<int64_t> answers_;
};

// Of a model's logits on those of `samples` that are labelled and can be read. Errors of
// VisitLogits.
absl::StatusOr<QualityMeter> MeasureQuality(const Dataset& dataset,
                                            absl::Span<const int64_t> samples,
                                            CorruptSamples& corrupt, const LogitsFunction& logits);

}  // namespace distill
