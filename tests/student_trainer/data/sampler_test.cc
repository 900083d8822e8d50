#include "student_trainer/data/sampler.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAreArray;

std::vector<int64_t> UpTo(int64_t n) {
  std::vector<int64_t> ids(static_cast<size_t>(n));
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

TEST(EpochOrderTest, IsAPermutation) {
  const std::vector<int64_t> samples = {2, 3, 5, 7, 11, 13};
  for (uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_THAT(EpochOrder(samples, seed, 3), UnorderedElementsAreArray(samples));
  }
  EXPECT_THAT(EpochOrder({}, 0, 0), IsEmpty());
}

TEST(EpochOrderTest, DependsOnSeedAndEpochAlone) {
  const std::vector<int64_t> samples = UpTo(100);
  std::set<std::vector<int64_t>> orders;
  for (uint64_t seed = 0; seed < 4; ++seed) {
    for (int64_t epoch = 0; epoch < 4; ++epoch) {
      const std::vector<int64_t> order = EpochOrder(samples, seed, epoch);
      EXPECT_THAT(EpochOrder(samples, seed, epoch), ElementsAreArray(order));
      orders.insert(order);
    }
  }
  EXPECT_EQ(orders.size(), 16u);
}

TEST(EpochOrderTest, EverySampleComesFirstEquallyOften) {
  std::vector<int> first(5);
  for (int64_t epoch = 0; epoch < 5000; ++epoch) {
    ++first[static_cast<size_t>(EpochOrder(UpTo(5), 1, epoch)[0])];
  }
  for (const int count : first) EXPECT_NEAR(count, 1000, 5 * 28);  // five standard deviations
}

TEST(BatchEndsTest, CutsAsTheTableSays) {
  EXPECT_THAT(BatchEnds(0, 4), IsEmpty());
  EXPECT_THAT(BatchEnds(1, 4), ElementsAre(1));
  EXPECT_THAT(BatchEnds(4, 4), ElementsAre(4));
  EXPECT_THAT(BatchEnds(5, 4), ElementsAre(5));
  EXPECT_THAT(BatchEnds(6, 4), ElementsAre(4, 6));
  EXPECT_THAT(BatchEnds(8, 4), ElementsAre(4, 8));
  EXPECT_THAT(BatchEnds(9, 4), ElementsAre(4, 9));
  EXPECT_THAT(BatchEnds(5, 2), ElementsAre(2, 5));
  EXPECT_THAT(BatchEnds(3, 1), ElementsAre(1, 2, 3));
  EXPECT_THAT(BatchEnds(3, INT64_MAX), ElementsAre(3));
}

TEST(BatchEndsTest, EveryBatchIsFullButTheLastWhichIsNeverOfOne) {
  for (int64_t n = 2; n < 60; ++n) {
    for (int64_t size = 2; size < 20; ++size) {
      const std::vector<int64_t> ends = BatchEnds(n, size);
      EXPECT_EQ(ends.back(), n);
      for (size_t i = 0; i + 1 < ends.size(); ++i) {
        EXPECT_EQ(ends[i], static_cast<int64_t>(i + 1) * size);
      }
      const int64_t last = n - (ends.size() > 1 ? ends[ends.size() - 2] : 0);
      EXPECT_GE(last, 2) << n << " by " << size;
      EXPECT_LE(last, size + 1) << n << " by " << size;
    }
  }
}

uint64_t HashOf(const std::vector<int64_t>& ids) {
  TrainedIdsHash hash;
  for (const int64_t id : ids) hash.Add(id);
  return hash.value();
}

// Golden values from Python:
//   h = 0xcbf29ce484222325
//   for i in ids:
//       for b in i.to_bytes(8, "little"): h = ((h ^ b) * 0x100000001b3) % 2**64
TEST(TrainedIdsHashTest, IsFnv1aOverLittleEndianBytes) {
  EXPECT_EQ(HashOf({}), 0xcbf29ce484222325u);
  EXPECT_EQ(HashOf({0}), 0xa8c7f832281a39c5u);
  EXPECT_EQ(HashOf({1, 2, 3}), 0xda2bfb225e0d1f05u);
  EXPECT_EQ(HashOf({54999, 258, 1LL << 40}), 0x8a43a6448cb931b2u);
}

TEST(TrainedIdsHashTest, SeesTheOrder) { EXPECT_THAT(HashOf({1, 2}), Not(HashOf({2, 1}))); }

}  // namespace
}  // namespace distill
