#include "student_trainer/run/model_figures.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "common/base/status_macros.h"

namespace distill {
namespace {

constexpr int64_t kTimedBatch = 64;

}  // namespace

int64_t MedianLength(const Dataset& dataset, absl::Span<const int64_t> samples) {
  std::vector<int64_t> lengths;
  for (const int64_t sample : samples) lengths.push_back(dataset.Length(sample));
  if (lengths.empty()) return 0;
  const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2);
  std::nth_element(lengths.begin(), middle, lengths.end());
  return *middle;
}

absl::StatusOr<std::vector<nlohmann::json>> MeasureFigures(
    const std::vector<const LoadedModel*>& models, const TimingOptions& options, int64_t length) {
  if (length == 0) length = kExampleLength;
  std::vector<TimedModel> timed;
  for (const LoadedModel* model : models) {
    timed.push_back({.model = model,
                     .batch = model->ExampleInputs(kTimedBatch, length),
                     .lengths = at::full({kTimedBatch}, length, at::kLong)});
  }
  ASSIGN_OR_RETURN(const std::vector<Timing> timings, TimeInTurns(timed, options));
  std::vector<nlohmann::json> figures;
  for (size_t i = 0; i < models.size(); ++i) {
    const LoadedModel& model = *models[i];
    const Timing& timing = timings[i];
    figures.push_back({{"parameters", model.parameters()},
                       {"bytes", model.bytes()},
                       {"multiply_adds", model.multiply_adds()},
                       {"latency_ms", timing.latency_p50_ms},
                       {"latency_p99_ms", timing.latency_p99_ms},
                       {"samples_per_s", timing.samples_per_s},
                       {"batch_size", timing.batch_size}});
  }
  return figures;
}

}  // namespace distill
