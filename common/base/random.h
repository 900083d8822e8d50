// Random choices as functions of their arguments: no state is shared, so neither threads nor order
// change what is drawn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace distill {

// A generator of 64-bit numbers: SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom
// number generators", OOPSLA 2014). Not thread-safe; cheap to create, one per decision.
class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t seed) : state_(seed) {}

  uint64_t Next();

  // Uniform in [0, bound), without modulo bias. bound > 0.
  uint64_t Below(uint64_t bound);

  // Uniform in [0, 1).
  double NextDouble() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  uint64_t state_;
};

// One seed from several numbers, e.g. MixSeed({seed, epoch, sample}); order matters.
uint64_t MixSeed(std::initializer_list<uint64_t> parts);

// Shuffles in place (Fisher-Yates), as a function of the seed alone.
template <typename T>
void Shuffle(std::vector<T>& items, uint64_t seed) {
  SplitMix64 random(seed);
  for (size_t i = items.size(); i > 1; --i) {
    std::swap(items[i - 1], items[random.Below(i)]);
  }
}

}  // namespace distill
