// The learning rate as a function of the step. Pure.
#pragma once

#include <cstdint>

namespace distill {

// Linear warm-up to `peak` over `warmup_steps`, then half a cosine down to 0 at `total_steps`
// (Loshchilov and Hutter, "SGDR", 2017, arXiv:1608.03983, without restarts).
struct CosineSchedule {
  double peak = 0.1;
  int64_t warmup_steps = 0;
  int64_t total_steps = 1;
};

// `step` counts from 0; the rate that this step is taken with. 0 ≤ step < total_steps.
double LearningRate(const CosineSchedule& schedule, int64_t step);

}  // namespace distill
