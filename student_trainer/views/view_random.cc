#include "student_trainer/views/view_random.h"

namespace distill {

SplitMix64 ViewRandom(const ViewKey& key, absl::string_view choice) {
  uint64_t tag = 0;
  for (const char c : choice) tag = tag << 8 | static_cast<uint8_t>(c);
  return SplitMix64(MixSeed(
      {key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.sample), tag}));
}

double DrawUniform(double low, double high, SplitMix64& random) {
  return low + (high - low) * random.NextDouble();
}

}  // namespace distill
