// How long models take, measured in turns so that what disturbs the machine disturbs them all.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/inference/loaded_model.h"

namespace distill {

// A model, and samples in its inputs' own types, one tensor [n, …] per input; n ≥ 1. Samples of
// different lengths are padded as their lengths, int64 [n], say.
struct TimedModel {
  const LoadedModel* model;
  std::vector<at::Tensor> batch;
  at::Tensor lengths = {};
};

struct Timing {
  double latency_p50_ms = 0;  // of the batch's first sample alone
  double latency_p99_ms = 0;
  double samples_per_s = 0;  // in batches of batch_size
  int64_t batch_size = 0;    // n
};

struct TimingOptions {
  int rounds = 10;  // of each model: so many batches, after one to warm up
  int latencies_per_round = 20;
  // For slow models: no more rounds after it, and fewer runs of one sample; three at least.
  absl::Duration budget = absl::Seconds(20);
};

// One of each model, in order. Errors of Logits.
absl::StatusOr<std::vector<Timing>> TimeInTurns(const std::vector<TimedModel>& models,
                                                const TimingOptions& options = {});

}  // namespace distill
