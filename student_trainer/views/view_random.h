// Defines ViewKey and the draws from it: every random choice of a view is a function of the key
// alone.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "common/base/random.h"

namespace distill {

// Names one view of a run.
struct ViewKey {
  uint64_t seed = 0;
  int64_t epoch = 0;
  int64_t sample = 0;
};

// Returns a generator for one choice, so that one option does not change the draws of another.
// Choices have distinct names of 1 to 8 ASCII characters.
SplitMix64 ViewRandom(const ViewKey& key, absl::string_view choice);

// Draws uniformly from [low, high).
double DrawUniform(double low, double high, SplitMix64& random);

}  // namespace distill
