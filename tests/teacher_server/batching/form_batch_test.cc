#include "teacher_server/batching/form_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Time kStart = absl::UnixEpoch();
constexpr BatchRule kRule{.max_batch_samples = 256, .batch_delay = absl::Milliseconds(2)};
constexpr int64_t kQuantum = 1'000'000;  // one visit pays for all requests of a stream

absl::Time At(double milliseconds) { return kStart + absl::Milliseconds(milliseconds); }

// One request. Those of one stream are in fair order as they arrive.
struct Arrival {
  int64_t samples = 0;
  absl::Time enqueued;
  absl::Time deadline = absl::InfiniteFuture();
  bool batch_independent = false;
  std::string key;
  uint64_t stream = 0;
};

// Each request's seed is its position.
void PushAll(const std::vector<Arrival>& arrivals, FairQueue& queue) {
  for (size_t i = 0; i < arrivals.size(); ++i) {
    const Arrival& arrival = arrivals[i];
    QueuedWork queued{.enqueued = arrival.enqueued, .key = arrival.key};
    queued.work.stream = arrival.stream;
    queued.work.deadline = arrival.deadline;
    queued.work.request.samples = arrival.samples;
    queued.work.options.seed = i;
    queued.work.request.batch_independent = arrival.batch_independent;
    queue.Push(std::move(queued));
  }
}

std::vector<size_t> Positions(const std::vector<std::unique_ptr<QueuedWork>>& requests) {
  std::vector<size_t> positions;
  for (const auto& queued : requests) positions.push_back(queued->work.options.seed);
  return positions;
}

// Enqueued at 0 unless said otherwise.
Arrival Request(int64_t samples, absl::Time enqueued = kStart) {
  return {.samples = samples, .enqueued = enqueued, .key = "a"};
}

struct Case {
  std::string claim;
  std::vector<Arrival> waiting;
  double now_ms;
  std::vector<size_t> take;
  std::vector<size_t> expired;
  absl::Time look_again;  // looked at where nothing is to be done
};

Arrival Keyed(int64_t samples, const char* key, absl::Time enqueued = kStart) {
  return {.samples = samples, .enqueued = enqueued, .key = key};
}

Arrival Due(int64_t samples, absl::Time deadline) {
  return {.samples = samples, .enqueued = kStart, .deadline = deadline, .key = "a"};
}

Arrival Independent(int64_t samples) {
  return {.samples = samples, .enqueued = kStart, .batch_independent = true, .key = "a"};
}

Arrival Of(uint64_t stream, Arrival arrival) {
  arrival.stream = stream;
  return arrival;
}

class FormBatchTest : public ::testing::TestWithParam<Case> {};

TEST_P(FormBatchTest, Decides) {
  const Case& c = GetParam();
  FairQueue queue(kQuantum);
  PushAll(c.waiting, queue);
  std::vector<size_t> expired;
  BatchDecision decision = FormBatch(queue, kRule, At(c.now_ms));
  if (decision.remove_expired) {
    EXPECT_THAT(decision.take, IsEmpty());
    expired = Positions(queue.RemoveExpired(At(c.now_ms)));
    decision = FormBatch(queue, kRule, At(c.now_ms));
    EXPECT_FALSE(decision.remove_expired);
  }
  EXPECT_EQ(Positions(queue.Take(decision.take)), c.take);
  EXPECT_EQ(expired, c.expired);
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
    std::vector<Arrival> waiting;
    for (int64_t i = 0; i < 40; ++i) waiting.push_back(Request(1 + (first * (i + 1)) % 97));
    waiting.insert(waiting.begin() + 3, Request(first));
    FairQueue queue(kQuantum);
    PushAll(waiting, queue);
    const std::vector<size_t> take = Positions(queue.Take(FormBatch(queue, kRule, At(5)).take));
    ASSERT_THAT(take, ::testing::Not(IsEmpty()));
    int64_t samples = 0;
    for (const size_t position : take) samples += waiting[position].samples;
    EXPECT_TRUE(samples <= kRule.max_batch_samples || take.size() == 1);
    // In fair order without gaps: no request is overtaken.
    for (size_t i = 0; i < take.size(); ++i) EXPECT_EQ(take[i], i);
  }
}

// Samples that wait, as requests of one kind.
struct Kind {
  std::string claim;
  Arrival (*request)(uint64_t i);
  int64_t steps;  // of a batch on average, at most; a batch of 256 samples takes 8 visits at least
};

class FormBatchCostTest : public ::testing::TestWithParam<Kind> {
 protected:
  static constexpr int64_t kFew = 256;
  static constexpr int64_t kMany = 65'536;

  void Fill(int64_t samples) {
    std::vector<Arrival> arrivals;
    for (uint64_t i = 0; samples > 0; ++i) {
      arrivals.push_back(GetParam().request(i));
      samples -= arrivals.back().samples;
    }
    PushAll(arrivals, queue_);
  }

  // The steps of all batches, of 256 at most, and their number. All requests have waited for long
  // enough.
  std::pair<int64_t, int64_t> FormAll() {
    int64_t steps = 0;
    int64_t batches = 0;
    for (; !queue_.empty() && batches < kMany / kRule.max_batch_samples; ++batches) {
      const BatchDecision decision = FormBatch(queue_, kRule, At(2));
      if (decision.take.empty()) break;
      steps += decision.steps;
      queue_.Take(decision.take);
    }
    return {steps, batches};
  }

  FairQueue queue_{kRule.max_batch_samples / 8};
};

TEST_P(FormBatchCostTest, OfOneBatchIsAlsoThatOfEachOfMany) {
  Fill(kFew);
  const auto [few_steps, one] = FormAll();
  ASSERT_GE(one, 1);
  EXPECT_LE(few_steps, GetParam().steps * one);
  ASSERT_TRUE(queue_.empty());
  Fill(kMany);
  const auto [steps, batches] = FormAll();
  ASSERT_EQ(batches, kMany / kRule.max_batch_samples);
  EXPECT_LE(steps, GetParam().steps * batches);
}

INSTANTIATE_TEST_SUITE_P(
    Cost, FormBatchCostTest,
    ::testing::Values(
        Kind{"OneStream", [](uint64_t) { return Request(8); }, 32 + 8 + 1},
        Kind{"EightStreams", [](uint64_t i) { return Of(i % 8, Request(8)); }, 32 + 8 + 1},
        Kind{"AStreamPerRequest", [](uint64_t i) { return Of(i, Request(8)); }, 32 + 32 + 1},
        Kind{"WholeBatchesOfOneStream", [](uint64_t) { return Request(256); }, 1 + 8 + 1},
        // Here the first batch pays for the visits of all streams, and the others save them.
        Kind{"WholeBatchesOfAStreamEach", [](uint64_t i) { return Of(i, Request(256)); },
             1 + 8 + 1},
        Kind{"Deadlines", [](uint64_t i) { return Of(i % 8, Due(8, At(1000))); }, 32 + 8 + 1},
        Kind{"BatchIndependent", [](uint64_t i) { return Of(i % 8, Independent(8)); }, 1 + 1 + 1},
        Kind{"AKeyPerStream",
             [](uint64_t i) { return Of(i % 8, Keyed(32, i % 2 == 0 ? "a" : "b")); },
             8 + 2 * 8 + 1}),
    [](const auto& info) { return info.param.claim; });

TEST(FormBatchIdleTest, AWakeWithNothingToRunLooksAtNothing) {
  FairQueue queue(kRule.max_batch_samples / 8);
  std::vector<Arrival> waiting;
  for (uint64_t i = 0; i < 512 * 16; ++i) {
    waiting.push_back(Of(i, Keyed(8, "")));
    waiting.back().key = std::to_string(i % 512);
  }
  PushAll(waiting, queue);
  const BatchDecision decision = FormBatch(queue, kRule, At(1));
  EXPECT_THAT(decision.take, IsEmpty());
  EXPECT_EQ(decision.look_again, At(2));
  EXPECT_EQ(decision.steps, 0);
}

TEST(FormBatchPassingTest, StreamsOfOtherKeysInFrontCostOneStepPerVisit) {
  FairQueue queue(kRule.max_batch_samples / 8);
  std::vector<Arrival> waiting;
  for (uint64_t stream = 0; stream < 100; ++stream) {
    for (int i = 0; i < 255; ++i) waiting.push_back(Of(stream, Keyed(1, "", At(1))));
    for (size_t i = waiting.size() - 255; i < waiting.size(); ++i) {
      waiting[i].key = std::to_string(stream);
    }
  }
  waiting.push_back(Of(100, Request(8)));
  PushAll(waiting, queue);
  const BatchDecision decision = FormBatch(queue, kRule, At(2));
  EXPECT_THAT(Positions(queue.Take(decision.take)), ElementsAre(waiting.size() - 1));
  EXPECT_LE(decision.steps, 100 + 2);
}

}  // namespace
}  // namespace distill
