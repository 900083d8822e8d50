#include "student_trainer/evaluation/model_timing.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

// Rounds, and runs of one sample per round.
constexpr int kLeast = 3;

struct Durations {
  std::vector<double> one_ms;  // a run each
  std::vector<double> many_s;
};

absl::StatusOr<absl::Duration> TimeForward(const TimedModel& timed) {
  const absl::Time start = absl::Now();
  RETURN_IF_ERROR(timed.model->Logits(timed.batch, timed.lengths).status());
  return absl::Now() - start;
}

TimedModel FirstSampleOf(const TimedModel& timed) {
  TimedModel first{.model = timed.model};
  for (const at::Tensor& input : timed.batch) first.batch.push_back(input.slice(0, 0, 1).clone());
  if (timed.lengths.defined()) first.lengths = timed.lengths.slice(0, 0, 1);
  return first;
}

absl::Status TakeTurn(const TimedModel& timed, int latencies, Durations& durations) {
  const TimedModel one = FirstSampleOf(timed);
  for (int run = 0; run < latencies; ++run) {
    ASSIGN_OR_RETURN(const absl::Duration latency, TimeForward(one));
    durations.one_ms.push_back(absl::ToDoubleMilliseconds(latency));
  }
  ASSIGN_OR_RETURN(const absl::Duration batch, TimeForward(timed));
  durations.many_s.push_back(absl::ToDoubleSeconds(batch));
  return absl::OkStatus();
}

// The smallest value that so large a part of them all is not above.
double Quantile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  const auto place = static_cast<size_t>(part * static_cast<double>(values.size()));
  return values[std::min(place, values.size() - 1)];
}

}  // namespace

absl::StatusOr<std::vector<Timing>> TimeInTurns(const std::vector<TimedModel>& models,
                                                const TimingOptions& options) {
  std::vector<Durations> durations(models.size());
  std::vector<int> latencies(models.size());
  for (size_t i = 0; i < models.size(); ++i) {  // warm-up
    RETURN_IF_ERROR(TakeTurn(models[i], kLeast, durations[i]));
    const absl::Duration one = absl::Milliseconds(Quantile(durations[i].one_ms, 0.5));
    const absl::Duration share =
        options.budget / options.rounds / static_cast<int64_t>(models.size());
    const int most = options.latencies_per_round;
    latencies[i] = static_cast<int>(
        std::clamp<double>(absl::FDivDuration(share / 2, one), std::min(kLeast, most), most));
    durations[i] = {};
  }
  const absl::Time begin = absl::Now();
  for (int round = 0; round < options.rounds; ++round) {
    if (round >= kLeast && absl::Now() - begin > options.budget) break;
    for (size_t i = 0; i < models.size(); ++i) {
      RETURN_IF_ERROR(TakeTurn(models[i], latencies[i], durations[i]));
    }
  }
  std::vector<Timing> timings;
  for (size_t i = 0; i < models.size(); ++i) {
    const int64_t samples = models[i].batch.front().size(0);
    timings.push_back(
        {.latency_p50_ms = Quantile(durations[i].one_ms, 0.5),
         .latency_p99_ms = Quantile(durations[i].one_ms, 0.99),
         .samples_per_s = static_cast<double>(samples) / Quantile(durations[i].many_s, 0.5),
         .batch_size = samples});
  }
  return timings;
}

}  // namespace distill
