#include "teacher_server/runner/batch_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace distill {
namespace {

using ::testing::ElementsAre;

TEST(BatchPlanTest, SizesArePowersOfTwoUpToTheLargest) {
  EXPECT_THAT(BatchSizes(1), ElementsAre(1));
  EXPECT_THAT(BatchSizes(8), ElementsAre(1, 2, 4, 8));
  EXPECT_THAT(BatchSizes(100), ElementsAre(1, 2, 4, 8, 16, 32, 64, 100));
}

TEST(BatchPlanTest, ASizeThatIsServedRunsAsItIs) {
  const std::vector<int64_t> sizes = BatchSizes(64);
  for (const int64_t size : sizes) EXPECT_THAT(PlanBatch(size, sizes), ElementsAre(size));
}

TEST(BatchPlanTest, CheapPaddingIsTakenAndDearPaddingIsNot) {
  const std::vector<int64_t> sizes = BatchSizes(64);
  EXPECT_THAT(PlanBatch(50, sizes), ElementsAre(64));
  EXPECT_THAT(PlanBatch(33, sizes), ElementsAre(32, 1));
  EXPECT_THAT(PlanBatch(40, sizes), ElementsAre(32, 8));
}

TEST(BatchPlanTest, MoreThanTheLargestIsCut) {
  EXPECT_THAT(PlanBatch(150, BatchSizes(64)), ElementsAre(64, 64, 16, 8));
}

TEST(BatchPlanTest, EveryNumberIsCoveredWithAtMostAQuarterOfPadding) {
  for (const int64_t largest : {1, 7, 64, 100}) {
    const std::vector<int64_t> sizes = BatchSizes(largest);
    for (int64_t samples = 1; samples < 3 * largest + 3; ++samples) {
      const std::vector<int64_t> plan = PlanBatch(samples, sizes);
      const int64_t run = std::accumulate(plan.begin(), plan.end(), int64_t{0});
      ASSERT_GE(run, samples);
      ASSERT_LT(run - plan.back(), samples) << "a run of padding alone";
      ASSERT_LE(4 * (run - samples), plan.back());
      for (const int64_t size : plan) ASSERT_THAT(sizes, ::testing::Contains(size));
    }
  }
}

}  // namespace
}  // namespace distill
