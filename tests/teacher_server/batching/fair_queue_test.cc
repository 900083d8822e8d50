#include "teacher_server/batching/fair_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kQueueQuantum = 32;

QueuedWork QueuedRequest(uint64_t stream, int64_t samples, uint64_t seed = 0) {
  QueuedWork queued;
  queued.work.stream = stream;
  queued.work.request.samples = samples;
  queued.work.options.seed = seed;
  return queued;
}

QueuedWork QueuedDue(uint64_t stream, int64_t samples, absl::Time deadline, uint64_t seed = 0) {
  QueuedWork queued = QueuedRequest(stream, samples, seed);
  queued.work.deadline = deadline;
  return queued;
}

QueuedWork QueuedKeyed(uint64_t stream, int64_t samples, absl::string_view key, uint64_t seed) {
  QueuedWork queued = QueuedRequest(stream, samples, seed);
  queued.key = std::string(key);
  return queued;
}

absl::Time QueuedAt(int milliseconds) {
  return absl::UnixEpoch() + absl::Milliseconds(milliseconds);
}

std::vector<uint64_t> Seeds(const std::vector<std::unique_ptr<QueuedWork>>& taken) {
  std::vector<uint64_t> seeds;
  for (const auto& queued : taken) seeds.push_back(queued->work.options.seed);
  return seeds;
}

std::vector<uint64_t> Streams(const std::vector<std::unique_ptr<QueuedWork>>& taken) {
  std::vector<uint64_t> streams;
  for (const auto& queued : taken) streams.push_back(queued->work.stream);
  return streams;
}

bool Any(const WaitingGroups::Group*) { return true; }

// The first `count` requests in fair order.
std::vector<const Waiting*> First(const FairQueue& queue, size_t count) {
  FairQueue::Cursor cursor(queue);
  std::vector<const Waiting*> requests;
  while (requests.size() < count) requests.push_back(cursor.Next(Any));
  return requests;
}

// The streams in the order in which their requests would be served; the queue is then empty.
std::vector<uint64_t> Order(FairQueue& queue) {
  return Streams(queue.Take(First(queue, static_cast<size_t>(queue.requests()))));
}

TEST(FairQueueTest, OneStreamIsServedInTheOrderOfArrival) {
  FairQueue queue(kQueueQuantum);
  for (uint64_t seed = 0; seed < 5; ++seed) queue.Push(QueuedRequest(1, 100, seed));
  const std::vector<std::unique_ptr<QueuedWork>> taken = queue.Take(First(queue, 5));
  for (uint64_t seed = 0; seed < 5; ++seed) EXPECT_EQ(taken[seed]->work.options.seed, seed);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.samples(), 0);
}

TEST(FairQueueTest, ALateStreamIsServedBeforeTheBacklogOfAnother) {
  FairQueue queue(kQueueQuantum);
  for (int i = 0; i < 4; ++i) queue.Push(QueuedRequest(1, 256));
  queue.Take(First(queue, 1));
  queue.Push(QueuedRequest(2, 8));
  EXPECT_THAT(Order(queue), ElementsAre(2, 1, 1, 1));
}

TEST(FairQueueTest, StreamsShareBySamplesNotByRequests) {
  FairQueue queue(40);
  for (int i = 0; i < 2; ++i) queue.Push(QueuedRequest(1, 40));
  for (int i = 0; i < 8; ++i) queue.Push(QueuedRequest(2, 10));
  EXPECT_THAT(Order(queue), ElementsAre(1, 2, 2, 2, 2, 1, 2, 2, 2, 2));
}

// The law of deficit round robin: whatever the sizes of the requests, streams that always have work
// never differ by more than a quantum and the largest request.
TEST(FairQueueTest, BackloggedStreamsGetEqualSharesTakenInAnyPieces) {
  const std::map<uint64_t, int64_t> size = {{1, 1}, {2, 7}, {3, 32}, {4, 100}};
  for (const size_t piece : {1, 3, 10}) {
    FairQueue queue(kQueueQuantum);
    for (const auto& [stream, samples] : size) {
      for (int64_t sent = 0; sent < 20'000; sent += samples)
        queue.Push(QueuedRequest(stream, samples));
    }
    std::map<uint64_t, int64_t> served;
    for (int64_t total = 0; total < 40'000;) {
      for (const auto& queued : queue.Take(First(queue, piece))) {
        served[queued->work.stream] += queued->work.request.samples;
        total += queued->work.request.samples;
      }
      const auto [least, most] =
          std::minmax_element(served.begin(), served.end(),
                              [](const auto& a, const auto& b) { return a.second < b.second; });
      if (served.size() == size.size()) {
        ASSERT_LE(most->second - least->second, kQueueQuantum + 100 + kQueueQuantum) << piece;
      }
    }
  }
}

TEST(FairQueueTest, ALargeRequestIsServedAfterEnoughRounds) {
  FairQueue queue(kQueueQuantum);
  queue.Push(QueuedRequest(1, 1000));
  for (int i = 0; i < 100; ++i) queue.Push(QueuedRequest(2, 16));
  const std::vector<uint64_t> order = Order(queue);
  const auto large = std::find(order.begin(), order.end(), uint64_t{1}) - order.begin();
  EXPECT_EQ(large, 2 * (1000 / kQueueQuantum));  // two small ones a round
}

TEST(FairQueueTest, AStreamThatWasIdleGetsNoCreditForIt) {
  FairQueue queue(100);
  for (int i = 0; i < 3; ++i) queue.Push(QueuedRequest(1, 100));
  queue.Take(First(queue, 1));
  queue.Take(First(queue, 1));
  for (int i = 0; i < 3; ++i) queue.Push(QueuedRequest(2, 100));
  EXPECT_THAT(Order(queue), ElementsAre(2, 1, 2, 2));
}

TEST(FairQueueTest, WhatIsPassedOverIsNotPaidFor) {
  FairQueue queue(kQueueQuantum);
  queue.Push(QueuedRequest(1, 32, 10));
  queue.Push(QueuedRequest(2, 32, 20));
  queue.Push(QueuedRequest(2, 32, 21));
  EXPECT_THAT(Streams(queue.Take({First(queue, 2)[1]})), ElementsAre(2));
  // Stream 1 was passed over: it is served before stream 2 gets another turn.
  EXPECT_THAT(Order(queue), ElementsAre(1, 2));
}

TEST(FairQueueTest, ExpiringCostsNothing) {
  FairQueue queue(kQueueQuantum);
  queue.Push(QueuedDue(1, 32, QueuedAt(5), 0));
  queue.Push(QueuedRequest(1, 32, 1));
  queue.Push(QueuedDue(1, 32, QueuedAt(5), 2));
  queue.Push(QueuedRequest(2, 32));
  ASSERT_EQ(queue.requests(), 4);
  // Stream 2 is after the first request of stream 1 in fair order, and before the others.
  EXPECT_THAT(Streams(queue.RemoveExpired(QueuedAt(5))), ElementsAre(1, 1));
  EXPECT_EQ(queue.samples(), 64);
  EXPECT_THAT(Order(queue), ElementsAre(1, 2));
}

TEST(FairQueueTest, WhatWasSavedForAnExpiredRequestIsLostWithTheNextBatch) {
  FairQueue queue(kQueueQuantum);
  for (int i = 0; i < 30; ++i) queue.Push(QueuedRequest(1, 32));
  queue.Push(QueuedDue(2, 320, QueuedAt(1)));
  queue.Push(QueuedRequest(2, 8));
  for (int i = 0; i < 30; ++i) queue.Push(QueuedRequest(3, 32));
  for (int i = 0; i < 18; ++i) queue.Take(First(queue, 1));  // stream 2 has saved nine quanta
  queue.RemoveExpired(QueuedAt(1));
  ASSERT_THAT(Streams(queue.Take(First(queue, 1))), ElementsAre(1));  // before it reaches stream 2
  for (int i = 0; i < 10; ++i) queue.Push(QueuedRequest(2, 32));
  // It has kept a quantum and what its small request costs, and gets another quantum.
  EXPECT_THAT(Streams(queue.Take(First(queue, 6))), ElementsAre(2, 2, 2, 3, 1, 2));
}

TEST(FairQueueTest, TheEarliestDeadlineExpiresFirstWhereverItIs) {
  FairQueue queue(kQueueQuantum);
  queue.Push(QueuedDue(1, 8, QueuedAt(9), 0));
  queue.Push(QueuedDue(2, 8, QueuedAt(7), 1));
  queue.Push(QueuedRequest(2, 8, 2));
  queue.Push(QueuedDue(2, 8, QueuedAt(3), 3));
  queue.Push(QueuedDue(1, 8, QueuedAt(7), 4));
  EXPECT_EQ(queue.first_deadline(), QueuedAt(3));
  EXPECT_THAT(queue.RemoveExpired(QueuedAt(2)), IsEmpty());
  EXPECT_THAT(Seeds(queue.RemoveExpired(QueuedAt(7))), ElementsAre(3, 1, 4));
  EXPECT_EQ(queue.first_deadline(), QueuedAt(9));
  EXPECT_THAT(Seeds(queue.RemoveExpired(QueuedAt(100))), ElementsAre(0));
  EXPECT_EQ(queue.first_deadline(), absl::InfiniteFuture());
  EXPECT_EQ(queue.requests(), 1);
}

TEST(FairQueueTest, WhatHasLeftHasNoDeadlineAnyMore) {
  FairQueue queue(kQueueQuantum);
  queue.Push(QueuedDue(1, 8, QueuedAt(1)));
  queue.Push(QueuedDue(2, 8, QueuedAt(2)));
  queue.Push(QueuedDue(3, 8, QueuedAt(3)));
  queue.RemoveStream(1);
  EXPECT_EQ(queue.first_deadline(), QueuedAt(2));
  queue.Take(First(queue, 1));
  EXPECT_EQ(queue.first_deadline(), QueuedAt(3));
}

TEST(FairQueueTest, WhatHasLeftIsNoLongerInAGroup) {
  FairQueue queue(kQueueQuantum);
  for (const uint64_t stream : {1, 2, 3}) queue.Push(QueuedRequest(stream, 8));
  QueuedWork independent = QueuedRequest(1, 8);
  independent.work.request.batch_independent = true;
  queue.Push(std::move(independent));
  EXPECT_EQ(queue.groups().most_samples(), 24);
  EXPECT_EQ(queue.batch_independent(), 1);
  queue.RemoveStream(1);
  EXPECT_EQ(queue.groups().most_samples(), 16);
  EXPECT_EQ(queue.batch_independent(), 0);
  queue.Take(First(queue, 1));
  EXPECT_EQ(queue.groups().most_samples(), 8);
}

TEST(FairQueueTest, ACursorFindsWhatIsWantedInFairOrder) {
  FairQueue queue(kQueueQuantum);
  queue.Push(QueuedKeyed(1, 32, "a", 0));
  queue.Push(QueuedKeyed(1, 32, "b", 1));
  queue.Push(QueuedKeyed(2, 32, "b", 2));
  queue.Push(QueuedKeyed(3, 32, "a", 3));
  queue.Push(QueuedKeyed(1, 32, "a", 4));
  FairQueue::Cursor all(queue);
  const WaitingGroups::Group* const a = all.Next(Any)->group;
  FairQueue::Cursor cursor(queue);
  std::vector<const Waiting*> found;
  while (const Waiting* request = cursor.Next([a](const auto* group) { return group == a; })) {
    found.push_back(request);
  }
  EXPECT_THAT(Seeds(queue.Take(found)), ElementsAre(0, 3, 4));
}

TEST(FairQueueTest, ACursorPassesOverTheStreamsInFrontUnseen) {
  FairQueue queue(kQueueQuantum);
  for (int i = 0; i < 1000; ++i) queue.Push(QueuedKeyed(1, 32, "front", 0));
  queue.Push(QueuedKeyed(2, 32, "wanted", 1));
  for (int i = 0; i < 3; ++i) queue.Take({First(queue, 2)[1]});  // stream 1 saves and pays
  queue.Push(QueuedKeyed(2, 32, "wanted", 1));
  FairQueue::Cursor cursor(queue);
  const Waiting* found = cursor.Next([](const auto* group) { return group->requests() == 1; });
  EXPECT_THAT(Seeds(queue.Take({found})), ElementsAre(1));
  EXPECT_LE(cursor.steps(), 3);
}

TEST(FairQueueTest, RemovingAStreamLeavesTheOthers) {
  FairQueue queue(kQueueQuantum);
  for (int i = 0; i < 3; ++i) {
    queue.Push(QueuedRequest(1, 4));
    queue.Push(QueuedRequest(2, 4));
  }
  EXPECT_EQ(queue.RemoveStream(1), 3u);
  EXPECT_EQ(queue.RemoveStream(1), 0u);
  EXPECT_EQ(queue.samples(), 12);
  EXPECT_THAT(Order(queue), ElementsAre(2, 2, 2));
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace distill
