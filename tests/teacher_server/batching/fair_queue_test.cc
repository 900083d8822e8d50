#include "teacher_server/batching/fair_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::IsOk;
using ::distill::testing::StatusIs;
using ::testing::HasSubstr;

constexpr absl::Time kNow = absl::UnixEpoch();

// One input uint8 [samples, width].
Work Request(uint64_t stream, int64_t samples, int64_t width = 1, uint64_t seed = 0) {
  Work work;
  work.stream = stream;
  work.request.samples = samples;
  work.request.seed = seed;
  const auto bytes = static_cast<size_t>(samples * width);
  work.request.inputs = {
      {DType::kUint8, {samples, width}, Bytes::FromString(std::string(bytes, 'x'))}};
  return work;
}

// The streams in the order in which their requests would be served.
std::vector<uint64_t> Order(FairQueue& queue) {
  std::vector<size_t> all(queue.View().size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  std::vector<uint64_t> streams;
  for (const QueuedWork& queued : queue.Take(all)) streams.push_back(queued.work.stream);
  return streams;
}

TEST(FairQueueTest, AFullQueueRefusesAndLeavesTheWorkWithItsOwner) {
  FairQueue queue(/*max_samples=*/10, /*max_bytes=*/1000);
  ASSERT_THAT(queue.Push(Request(1, 8), kNow), IsOk());
  Work refused = Request(2, 3);
  EXPECT_THAT(queue.Push(std::move(refused), kNow),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("8 of 10 samples")));
  EXPECT_EQ(refused.request.inputs.size(), 1u);
  EXPECT_THAT(queue.Push(Request(2, 2), kNow), IsOk());
}

TEST(FairQueueTest, BytesAreBoundedToo) {
  FairQueue queue(/*max_samples=*/1000, /*max_bytes=*/100);
  ASSERT_THAT(queue.Push(Request(1, 1, 60), kNow), IsOk());
  EXPECT_THAT(queue.Push(Request(1, 1, 41), kNow), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(queue.Push(Request(1, 1, 40), kNow), IsOk());
  EXPECT_EQ(queue.bytes(), 100);
}

TEST(FairQueueTest, AnEmptyQueueTakesARequestOfAnySize) {
  FairQueue queue(/*max_samples=*/10, /*max_bytes=*/10);
  EXPECT_THAT(queue.Push(Request(1, 100, 100), kNow), IsOk());
}

TEST(FairQueueTest, TakingGivesTheRoomBack) {
  FairQueue queue(/*max_samples=*/10, /*max_bytes=*/1000);
  ASSERT_THAT(queue.Push(Request(1, 10), kNow), IsOk());
  const size_t first[] = {0};
  EXPECT_EQ(queue.Take(first).size(), 1u);
  EXPECT_EQ(queue.samples(), 0);
  EXPECT_EQ(queue.bytes(), 0);
  EXPECT_THAT(queue.Push(Request(1, 10), kNow), IsOk());
}

TEST(FairQueueTest, ALateStreamIsServedBeforeTheBacklogOfAnother) {
  FairQueue queue(1 << 20, 1 << 20);
  for (int i = 0; i < 4; ++i) ASSERT_THAT(queue.Push(Request(1, 256), kNow), IsOk());
  const size_t first[] = {0};
  queue.Take(first);
  ASSERT_THAT(queue.Push(Request(2, 8), kNow), IsOk());
  EXPECT_EQ(Order(queue), (std::vector<uint64_t>{2, 1, 1, 1}));
}

TEST(FairQueueTest, StreamsShareBySamplesNotByRequests) {
  FairQueue queue(1 << 20, 1 << 20);
  for (int i = 0; i < 2; ++i) ASSERT_THAT(queue.Push(Request(1, 40), kNow), IsOk());
  for (int i = 0; i < 8; ++i) ASSERT_THAT(queue.Push(Request(2, 10), kNow), IsOk());
  // Each time stream 1 was served 40 samples, stream 2 was too.
  EXPECT_EQ(Order(queue), (std::vector<uint64_t>{1, 2, 2, 2, 2, 1, 2, 2, 2, 2}));
}

TEST(FairQueueTest, AStreamThatWasIdleGetsNoCreditForIt) {
  FairQueue queue(1 << 20, 1 << 20);
  const size_t first[] = {0};
  ASSERT_THAT(queue.Push(Request(1, 100), kNow), IsOk());
  ASSERT_THAT(queue.Push(Request(1, 100), kNow), IsOk());
  ASSERT_THAT(queue.Push(Request(1, 100), kNow), IsOk());
  queue.Take(first);
  queue.Take(first);
  for (int i = 0; i < 3; ++i) ASSERT_THAT(queue.Push(Request(2, 100), kNow), IsOk());
  // Stream 2 starts now: it does not make up for the 200 samples that stream 1 had before.
  EXPECT_EQ(Order(queue), (std::vector<uint64_t>{2, 1, 2, 2}));
}

TEST(FairQueueTest, ShapesTellWhatCanBeConcatenated) {
  FairQueue queue(1 << 20, 1 << 20);
  ASSERT_THAT(queue.Push(Request(1, 2, 5), kNow), IsOk());
  ASSERT_THAT(queue.Push(Request(1, 3, 5), kNow), IsOk());
  ASSERT_THAT(queue.Push(Request(1, 3, 6), kNow), IsOk());
  const std::vector<Waiting> view = queue.View();
  EXPECT_EQ(view[0].shape, view[1].shape);
  EXPECT_NE(view[1].shape, view[2].shape);
}

TEST(FairQueueTest, RemovingAStreamLeavesTheOthers) {
  FairQueue queue(1 << 20, 1 << 20);
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(queue.Push(Request(1, 4), kNow), IsOk());
    ASSERT_THAT(queue.Push(Request(2, 4), kNow), IsOk());
  }
  EXPECT_EQ(queue.RemoveStream(1), 3u);
  EXPECT_EQ(queue.samples(), 12);
  EXPECT_EQ(Order(queue), (std::vector<uint64_t>{2, 2, 2}));
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace distill
