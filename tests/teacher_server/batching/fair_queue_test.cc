#include "teacher_server/batching/fair_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

namespace distill {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kQuantum = 32;

QueuedWork Request(uint64_t stream, int64_t samples, uint64_t seed = 0) {
  QueuedWork queued;
  queued.work.stream = stream;
  queued.work.request.samples = samples;
  queued.work.request.seed = seed;
  return queued;
}

std::vector<uint64_t> Streams(const std::vector<QueuedWork>& taken) {
  std::vector<uint64_t> streams;
  for (const QueuedWork& queued : taken) streams.push_back(queued.work.stream);
  return streams;
}

std::vector<size_t> First(size_t count) {
  std::vector<size_t> positions(count);
  std::iota(positions.begin(), positions.end(), size_t{0});
  return positions;
}

// The streams in the order in which their requests would be served; the queue is then empty.
std::vector<uint64_t> Order(FairQueue& queue) {
  return Streams(queue.Take(First(queue.View().size())));
}

TEST(FairQueueTest, OneStreamIsServedInTheOrderOfArrival) {
  FairQueue queue(kQuantum);
  for (uint64_t seed = 0; seed < 5; ++seed) queue.Push(Request(1, 100, seed));
  const std::vector<QueuedWork> taken = queue.Take(First(5));
  for (uint64_t seed = 0; seed < 5; ++seed) EXPECT_EQ(taken[seed].work.request.seed, seed);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.samples(), 0);
}

TEST(FairQueueTest, ALateStreamIsServedBeforeTheBacklogOfAnother) {
  FairQueue queue(kQuantum);
  for (int i = 0; i < 4; ++i) queue.Push(Request(1, 256));
  queue.Take(First(1));
  queue.Push(Request(2, 8));
  EXPECT_THAT(Order(queue), ElementsAre(2, 1, 1, 1));
}

TEST(FairQueueTest, StreamsShareBySamplesNotByRequests) {
  FairQueue queue(40);
  for (int i = 0; i < 2; ++i) queue.Push(Request(1, 40));
  for (int i = 0; i < 8; ++i) queue.Push(Request(2, 10));
  EXPECT_THAT(Order(queue), ElementsAre(1, 2, 2, 2, 2, 1, 2, 2, 2, 2));
}

// The law of deficit round robin: whatever the sizes of the requests, streams that always have work
// never differ by more than a quantum and the largest request.
TEST(FairQueueTest, BackloggedStreamsGetEqualSharesTakenInAnyPieces) {
  const std::map<uint64_t, int64_t> size = {{1, 1}, {2, 7}, {3, 32}, {4, 100}};
  for (const size_t piece : {1, 3, 10}) {
    FairQueue queue(kQuantum);
    for (const auto& [stream, samples] : size) {
      for (int64_t sent = 0; sent < 20'000; sent += samples) queue.Push(Request(stream, samples));
    }
    std::map<uint64_t, int64_t> served;
    for (int64_t total = 0; total < 40'000;) {
      for (const QueuedWork& queued : queue.Take(First(piece))) {
        served[queued.work.stream] += queued.work.request.samples;
        total += queued.work.request.samples;
      }
      const auto [least, most] =
          std::minmax_element(served.begin(), served.end(),
                              [](const auto& a, const auto& b) { return a.second < b.second; });
      if (served.size() == size.size()) {
        ASSERT_LE(most->second - least->second, kQuantum + 100 + kQuantum) << piece;
      }
    }
  }
}

TEST(FairQueueTest, ALargeRequestIsServedAfterEnoughRounds) {
  FairQueue queue(kQuantum);
  queue.Push(Request(1, 1000));
  for (int i = 0; i < 100; ++i) queue.Push(Request(2, 16));
  const std::vector<uint64_t> order = Order(queue);
  const auto large = std::find(order.begin(), order.end(), uint64_t{1}) - order.begin();
  EXPECT_EQ(large, 2 * (1000 / kQuantum));  // two small ones a round
}

TEST(FairQueueTest, AStreamThatWasIdleGetsNoCreditForIt) {
  FairQueue queue(100);
  for (int i = 0; i < 3; ++i) queue.Push(Request(1, 100));
  queue.Take(First(1));
  queue.Take(First(1));
  for (int i = 0; i < 3; ++i) queue.Push(Request(2, 100));
  EXPECT_THAT(Order(queue), ElementsAre(2, 1, 2, 2));
}

TEST(FairQueueTest, WhatIsPassedOverIsNotPaidFor) {
  FairQueue queue(kQuantum);
  queue.Push(Request(1, 32, 10));
  queue.Push(Request(2, 32, 20));
  queue.Push(Request(2, 32, 21));
  const size_t second[] = {1};
  EXPECT_THAT(Streams(queue.Take(second)), ElementsAre(2));
  // Stream 1 was passed over: it is served before stream 2 gets another turn.
  EXPECT_THAT(Order(queue), ElementsAre(1, 2));
}

TEST(FairQueueTest, RemovingCostsNothing) {
  FairQueue queue(kQuantum);
  for (uint64_t seed = 0; seed < 3; ++seed) queue.Push(Request(1, 32, seed));
  queue.Push(Request(2, 32));
  ASSERT_EQ(queue.View().size(), 4u);
  const size_t first[] = {0, 2};  // of stream 1, which is followed by stream 2
  EXPECT_THAT(Streams(queue.Remove(first)), ElementsAre(1, 1));
  EXPECT_EQ(queue.samples(), 64);
  EXPECT_THAT(Order(queue), ElementsAre(1, 2));
}

TEST(FairQueueTest, RemovingAStreamLeavesTheOthers) {
  FairQueue queue(kQuantum);
  for (int i = 0; i < 3; ++i) {
    queue.Push(Request(1, 4));
    queue.Push(Request(2, 4));
  }
  EXPECT_EQ(queue.RemoveStream(1), 3u);
  EXPECT_EQ(queue.RemoveStream(1), 0u);
  EXPECT_EQ(queue.samples(), 12);
  EXPECT_THAT(Order(queue), ElementsAre(2, 2, 2));
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace distill
