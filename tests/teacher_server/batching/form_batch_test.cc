#include "teacher_server/batching/form_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Time kStart = absl::UnixEpoch();
constexpr BatchRule kRule{.max_batch_samples = 256, .batch_delay = absl::Milliseconds(2)};

absl::Time At(double milliseconds) { return kStart + absl::Milliseconds(milliseconds); }

// Enqueued at 0 unless said otherwise.
Waiting Request(int64_t samples, absl::Time enqueued = kStart) {
  return {.samples = samples, .enqueued = enqueued, .key = "a"};
}

struct Case {
  std::string claim;
  std::vector<Waiting> waiting;
  double now_ms;
  std::vector<size_t> take;
  std::vector<size_t> expired;
  absl::Time look_again;  // looked at where nothing is to be done
};

Waiting Keyed(int64_t samples, absl::string_view key, absl::Time enqueued = kStart) {
  return {.samples = samples, .enqueued = enqueued, .key = key};
}

Waiting Due(int64_t samples, absl::Time deadline) {
  return {.samples = samples, .enqueued = kStart, .deadline = deadline, .key = "a"};
}

Waiting Independent(int64_t samples) {
  return {.samples = samples, .enqueued = kStart, .batch_independent = true, .key = "a"};
}

class FormBatchTest : public ::testing::TestWithParam<Case> {};

TEST_P(FormBatchTest, Decides) {
  const Case& c = GetParam();
  const BatchDecision decision = FormBatch(c.waiting, kRule, At(c.now_ms));
  EXPECT_EQ(decision.take, c.take);
  EXPECT_EQ(decision.expired, c.expired);
  if (c.take.empty() && c.expired.empty()) {
    EXPECT_EQ(decision.look_again, c.look_again);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rule, FormBatchTest,
    ::testing::Values(
        Case{"NothingWaits", {}, 0, {}, {}, absl::InfiniteFuture()},
        Case{"AFullBatchRunsAtOnce", {Request(128), Request(128)}, 0, {0, 1}, {}, {}},
        Case{"ASmallBatchWaitsForTheDelay", {Request(8), Request(8)}, 1, {}, {}, At(2)},
        Case{"TheOldestRequestEndsTheWait",
             {Request(8, At(1)), Request(8, At(0))},
             2,
             {0, 1},
             {},
             {}},
        Case{"TheNextThatDoesNotFitMakesItFull",
             {Request(200), Request(100), Request(10)},
             0,
             {0},
             {},
             {}},
        Case{"ARequestLargerThanABatchRunsAlone", {Request(1000), Request(1)}, 0, {0}, {}, {}},
        Case{"DifferentShapesAreNotMerged",
             {Keyed(8, "a"), Keyed(8, "b"), Keyed(8, "a")},
             2,
             {0, 2},
             {},
             {}},
        Case{"AFullBatchOvertakesOneThatWaits", {Keyed(8, "a"), Keyed(256, "b")}, 0, {1}, {}, {}},
        Case{"OfTwoReadyBatchesTheFirstInOrderRuns",
             {Keyed(8, "a"), Keyed(256, "b")},
             2,
             {0},
             {},
             {}},
        Case{"ABatchIndependentRequestRunsAloneAndAtOnce",
             {Independent(8), Independent(8), Request(8)},
             0,
             {0},
             {},
             {}},
        Case{"ABatchIndependentRequestDoesNotWaitBehindABatchThatDoes",
             {Request(8), Independent(8)},
             0,
             {1},
             {},
             {}},
        Case{"ExpiredRequestsArePickedOut",
             {Due(8, At(1)), Request(8, At(1)), Due(8, At(1))},
             1,
             {},
             {0, 2},
             {}},
        Case{"ExpiredRequestsTakeNoRoomInTheBatch",
             {Due(256, At(1)), Request(256)},
             1,
             {1},
             {0},
             {}},
        Case{"ADeadlineBeforeTheDelayIsLookedAtInTime", {Due(8, At(1))}, 0, {}, {}, At(1)}),
    [](const auto& info) { return info.param.claim; });

TEST(FormBatchLawTest, NoBatchIsLargerThanAllowedUnlessItIsOneRequest) {
  for (int64_t first = 1; first <= 300; first += 7) {
    std::vector<Waiting> waiting;
    for (int64_t i = 0; i < 40; ++i) waiting.push_back(Request(1 + (first * (i + 1)) % 97));
    waiting.insert(waiting.begin() + 3, Request(first));
    const BatchDecision decision = FormBatch(waiting, kRule, At(5));
    ASSERT_THAT(decision.take, ::testing::Not(IsEmpty()));
    int64_t samples = 0;
    for (const size_t position : decision.take) samples += waiting[position].samples;
    EXPECT_TRUE(samples <= kRule.max_batch_samples || decision.take.size() == 1);
    // In fair order without gaps: nobody is overtaken.
    for (size_t i = 0; i < decision.take.size(); ++i) EXPECT_EQ(decision.take[i], i);
  }
}

}  // namespace
}  // namespace distill
