// Evaluation: what a model answers on the labelled samples of a data set.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/contract/input_batch.h"
#include "student_trainer/data/corrupt_samples.h"
#include "student_trainer/data/dataset.h"

namespace distill {

struct EvaluationResult {
  int64_t samples = 0;
  int64_t positions = 0;  // with labels by position: those that have one, which errors are of
  int64_t errors = 0;
  double loss = 0;  // mean cross-entropy, nats; infinite where a model's logits are not finite

  // What was judged: samples, or their positions.
  int64_t rows() const { return positions > 0 ? positions : samples; }

  double accuracy() const {
    return rows() == 0 ? 0 : 1 - static_cast<double>(errors) / static_cast<double>(rows());
  }
};

// {"samples", "errors", "accuracy", "loss"}, and "positions" where there are some, in records,
// reports and checkpoints alike. Reading gives the result back bit for bit; a loss that is not
// finite is null in JSON's text.
void to_json(nlohmann::json& json, const EvaluationResult& result);
void from_json(const nlohmann::json& json, EvaluationResult& result);

// Samples in the data's own type, one batch per input → logits [rows, classes] on the CPU, of the
// samples or of all their positions, in order.
using LogitsFunction =
    std::function<absl::StatusOr<at::Tensor>(const std::vector<InputBatch>& samples)>;

// The logits [n, ≥ classes] and labels int64 [n] of the labelled rows of a batch of `samples`
// samples; n ≥ 1.
using LogitsVisitor =
    absl::FunctionRef<void(const at::Tensor& logits, const at::Tensor& labels, int64_t samples)>;

// Visits those of `samples` that are labelled and can be read, in their order and in batches, in
// inference mode. Errors that `corrupt` passes on, and of `logits`; FAILED_PRECONDITION for logits
// by sample where labels are by position, or the other way round; INTERNAL for logits of another
// shape.
absl::Status VisitLogits(const Dataset& dataset, absl::Span<const int64_t> samples,
                         CorruptSamples& corrupt, const LogitsFunction& logits,
                         LogitsVisitor visit);

// Errors of VisitLogits.
absl::StatusOr<EvaluationResult> Evaluate(const Dataset& dataset, absl::Span<const int64_t> samples,
                                          CorruptSamples& corrupt, const LogitsFunction& logits);

}  // namespace distill
