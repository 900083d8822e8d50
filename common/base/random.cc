#include "common/base/random.h"

namespace distill {

uint64_t SplitMix64::Next() {
  uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

uint64_t SplitMix64::Below(uint64_t bound) {
  // Numbers under 2^64 mod bound would make the low results likelier.
  const uint64_t reject_below = (0 - bound) % bound;
  uint64_t number = Next();
  while (number < reject_below) number = Next();
  return number % bound;
}

uint64_t MixSeed(std::initializer_list<uint64_t> parts) {
  uint64_t mixed = 0;
  for (const uint64_t part : parts) {
    mixed = SplitMix64(mixed ^ part).Next();
  }
  return mixed;
}

}  // namespace distill
