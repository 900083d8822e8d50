// What models cost, for the report: size, multiply-adds, and how long they take.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "student_trainer/data/dataset.h"
#include "student_trainer/evaluation/model_timing.h"

namespace distill {

// An object per model, in order: "parameters", "bytes", "multiply_adds", "latency_ms" and
// "latency_p99_ms" of one sample, and "samples_per_s" in batches of "batch_size". Models are timed
// in turns, each on an example of its own inputs, whose variable lengths are `length` (0: as they
// are tried with). Errors of TimeInTurns.
absl::StatusOr<std::vector<nlohmann::json>> MeasureFigures(
    const std::vector<const LoadedModel*>& models, const TimingOptions& options, int64_t length);

// Returns the median length of samples of a data set; 0 if they have none.
int64_t MedianLength(const Dataset& dataset, absl::Span<const int64_t> samples);

}  // namespace distill
