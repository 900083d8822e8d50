// Sampler determines the order of samples in an epoch, and how the epoch is cut into batches. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace distill {

// Returns a permutation of `samples` as a function of (seed, epoch).
std::vector<int64_t> EpochOrder(absl::Span<const int64_t> samples, uint64_t seed, int64_t epoch);

// Returns the ends of the batches of an epoch of n samples: batch_size each, the rest at the end; a
// trailing batch of one sample joins the batch before it (for BatchNorm), unless batch_size is 1.
// BatchEnds(5, 2) = {2, 5}. batch_size ≥ 1.
std::vector<int64_t> BatchEnds(int64_t n, int64_t batch_size);

// The hash that metrics contain: FNV-1a (64 bits) over the ids as 8 little-endian bytes each, in
// training order. http://www.isthe.com/chongo/tech/comp/fnv/
class TrainedIdsHash {
 public:
  TrainedIdsHash() = default;
  // Continues from the value() of another hash.
  explicit TrainedIdsHash(uint64_t value) : hash_(value) {}

  void Add(int64_t sample_id);
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0xcbf29ce484222325u;
};

}  // namespace distill
