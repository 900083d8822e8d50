// ViewKey and what is drawn from it: every random choice of a view is a function of these alone.
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

// Each choice draws from a generator of its own, so that one option does not change what another
// draws. Choices are told apart by their names, of 1 to 8 ASCII characters.
SplitMix64 ViewRandom(const ViewKey& key, absl::string_view choice);

// Uniform in [low, high).
double DrawUniform(double low, double high, SplitMix64& random);

}  // namespace distill
