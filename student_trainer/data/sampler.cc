#include "student_trainer/data/sampler.h"

#include <algorithm>

#include "common/base/random.h"

namespace distill {
namespace {

constexpr uint64_t kOrderTag = 0x6f72646572;  // "order"

}  // namespace

std::vector<int64_t> EpochOrder(absl::Span<const int64_t> samples, uint64_t seed, int64_t epoch) {
  std::vector<int64_t> order(samples.begin(), samples.end());
  Shuffle(order, MixSeed({seed, static_cast<uint64_t>(epoch), kOrderTag}));
  return order;
}

std::vector<int64_t> BatchEnds(int64_t n, int64_t batch_size) {
  std::vector<int64_t> ends;
  for (int64_t begin = 0; begin < n; begin = ends.back()) {
    const int64_t rest = n - begin;
    // Compares the remaining numbers, since begin + batch_size may overflow.
    const bool last = rest <= batch_size || (rest - 1 == batch_size && batch_size > 1);
    ends.push_back(last ? n : begin + batch_size);
  }
  return ends;
}

void TrainedIdsHash::Add(int64_t sample_id) {
  constexpr uint64_t kPrime = 0x100000001b3u;
  const uint64_t id = static_cast<uint64_t>(sample_id);
  for (int shift = 0; shift < 64; shift += 8) {
    hash_ ^= (id >> shift) & 0xff;
    hash_ *= kPrime;
  }
}

}  // namespace distill
