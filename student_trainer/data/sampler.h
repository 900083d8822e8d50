// Sampler: the order in which an epoch names its samples, and how it is cut into batches. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace distill {

// A permutation of `samples` as a function of (seed, epoch).
std::vector<int64_t> EpochOrder(absl::Span<const int64_t> samples, uint64_t seed, int64_t epoch);

// Ends of the batches of an epoch of n samples: batch_size each, the rest at the end; a trailing
// batch of one sample joins the batch before it (BatchNorm), unless batch_size is 1. BatchEnds(5,
// 2) = {2, 5}. batch_size ≥ 1.
std::vector<int64_t> BatchEnds(int64_t n, int64_t batch_size);

// The hash that metrics hold: FNV-1a (64 bits) over the ids as 8 little-endian bytes each, in the
// order trained. http://www.isthe.com/chongo/tech/comp/fnv/
class TrainedIdsHash {
 public:
  TrainedIdsHash() = default;
  // Goes on from another's value().
  explicit TrainedIdsHash(uint64_t value) : hash_(value) {}

  void Add(int64_t sample_id);
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0xcbf29ce484222325u;
};

}  // namespace distill
