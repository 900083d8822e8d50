// Evaluation: what a model answers on the labelled samples of a data set.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "student_trainer/data/corrupt_samples.h"
#include "student_trainer/data/dataset.h"

namespace distill {

struct EvaluationResult {
  int64_t samples = 0;
  int64_t errors = 0;
  double loss = 0;  // mean cross-entropy, nats; infinite where a model's logits are not finite

  double accuracy() const {
    return samples == 0 ? 0 : 1 - static_cast<double>(errors) / static_cast<double>(samples);
  }
};

// {"samples", "errors", "accuracy", "loss"}, in records, reports and checkpoints alike. Reading
// gives the result back bit for bit; a loss that is not finite is null in JSON's text.
void to_json(nlohmann::json& json, const EvaluationResult& result);
void from_json(const nlohmann::json& json, EvaluationResult& result);

// Samples in the data's own type [n, …] → logits [n, classes], on the CPU.
using LogitsFunction = std::function<absl::StatusOr<at::Tensor>(const HostTensor& samples)>;

// The logits [n, ≥ classes] and labels int64 [n] of a batch; n ≥ 1.
using LogitsVisitor = absl::FunctionRef<void(const at::Tensor& logits, const at::Tensor& labels)>;

// Visits those of `samples` that are labelled and can be read, in their order and in batches, in
// inference mode. Errors that `corrupt` passes on, and of `logits`; INTERNAL for logits of another
// shape.
absl::Status VisitLogits(const Dataset& dataset, absl::Span<const int64_t> samples,
                         CorruptSamples& corrupt, const LogitsFunction& logits,
                         LogitsVisitor visit);

// Errors of VisitLogits.
absl::StatusOr<EvaluationResult> Evaluate(const Dataset& dataset, absl::Span<const int64_t> samples,
                                          CorruptSamples& corrupt, const LogitsFunction& logits);

}  // namespace distill
