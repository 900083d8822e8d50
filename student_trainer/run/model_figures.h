// What models cost, for the report: size, multiply-adds, and how long they take.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "absl/status/statusor.h"
#include "student_trainer/evaluation/model_timing.h"

namespace distill {

// An object per model, in order: "parameters", "bytes", "multiply_adds", "latency_ms" and
// "latency_p99_ms" of one sample, and "samples_per_s" in batches of "batch_size". Models are timed
// in turns, each on an example of its own input. Errors of TimeInTurns.
absl::StatusOr<std::vector<nlohmann::json>> MeasureFigures(
    const std::vector<const LoadedModel*>& models, const TimingOptions& options);

}  // namespace distill
