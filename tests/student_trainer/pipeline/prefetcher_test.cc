#include "student_trainer/pipeline/prefetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>

#include "common/base/random.h"
#include "tests/student_trainer/pipeline/prefetcher_fixture.h"
#include "tests/testing/status_matchers.h"

namespace distill::testing {
namespace {

using ::testing::HasSubstr;

TEST_F(PrefetcherTest, BatchesComeInOrderWithTheTargetsOfTheirRows) {
  SetLimits({.credits = 16, .max_request_samples = 3, .max_message_bytes = 1 << 20});
  Connect();
  NumberedBatches source(50, 8, 2);
  Prefetcher prefetcher(*client_, source, {}, Clock::Real());
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (int64_t position = 0; position < 50; position += 8) {
      ExpectNextWithTargets(prefetcher, position, std::min<int64_t>(8, 50 - position));
    }
  }
  ExpectEnd(prefetcher);
  ExpectEnd(prefetcher);
  const PrefetcherStats stats = prefetcher.stats();
  EXPECT_EQ(stats.batches_with_targets, 14);
  EXPECT_EQ(stats.samples_with_targets, 100);
  EXPECT_EQ(stats.batches_without_targets, 0);
  EXPECT_EQ(stats.samples_without_targets, 0);
}

TEST_F(PrefetcherTest, AnswersThatComeInReverseAreHandedOutInOrder) {
  SetLimits({.credits = 100, .max_request_samples = 3, .max_message_bytes = 1 << 20});
  Connect();
  teacher_.HoldAnswers();
  NumberedBatches source(32, 8);
  Prefetcher prefetcher(*client_, source, {}, Clock::Real());
  teacher_.WaitForRequests(12);
  teacher_.Release(ReleaseOrder::kReversed);
  for (int64_t position = 0; position < 32; position += 8) {
    ExpectNextWithTargets(prefetcher, position, 8);
  }
  ExpectEnd(prefetcher);
}

TEST_F(PrefetcherTest, SeedsAreFunctionsOfRunEpochAndFirstSample) {
  SetLimits({.credits = 100, .max_request_samples = 5, .max_message_bytes = 1 << 20});
  Connect();
  NumberedBatches source(16, 8, 2);
  Prefetcher prefetcher(*client_, source, {.temperature = 4, .run_seed = 11}, Clock::Real());
  for (int i = 0; i < 4; ++i) ExpectNextWithTargets(prefetcher, i % 2 * 8, 8);
  const auto requests = teacher_.requests();
  ASSERT_EQ(requests.size(), 8u);
  const uint64_t positions[] = {0, 5, 8, 13};
  for (size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(requests[i].seed, MixSeed({11, i / 4, positions[i % 4]})) << i;
    EXPECT_EQ(requests[i].temperature, 4) << i;
  }
}

TEST_F(PrefetcherTest, CreditsAreNeverExceededAndAreUsed) {
  SetLimits({.credits = 10, .max_request_samples = 4, .max_message_bytes = 1 << 20});
  Connect();
  teacher_.HoldAnswers();
  NumberedBatches source(400, 8);
  Prefetcher prefetcher(*client_, source, {}, Clock::Real());
  teacher_.WaitForRequests(2);
  EXPECT_LE(client_->samples_in_flight(), 10);
  teacher_.Release();
  for (int64_t position = 0; position < 400; position += 8) {
    ExpectNextWithTargets(prefetcher, position, 8);
  }
  EXPECT_LE(teacher_.most_samples_in_flight(), 10);
  EXPECT_GE(teacher_.most_samples_in_flight(), 8);
}

TEST_F(PrefetcherTest, NoMoreBatchesArePulledThanMayBeAhead) {
  Connect();
  constexpr int64_t kBatchBytes = 8 * (4 + 3 * 4);  // samples · (inputs + logits)
  const std::pair<PrefetcherOptions, int64_t> cases[] = {
      {{.max_batches_ahead = 1}, 1},
      {{.max_batches_ahead = 2}, 2},
      {{.max_bytes_ahead = 2 * kBatchBytes}, 2},
      {{.max_bytes_ahead = 2 * kBatchBytes - 1}, 1},
      {{.max_bytes_ahead = 1}, 1},
  };
  for (const auto& [options, ahead] : cases) {
    NumberedBatches source(800, 8);
    Prefetcher prefetcher(*client_, source, options, Clock::Real());
    for (int64_t taken = 0; taken < 20; ++taken) {
      source.WaitForPulled(taken + ahead);
      EXPECT_EQ(source.pulled(), taken + ahead);
      ExpectNextWithTargets(prefetcher, 8 * taken, 8);
    }
  }
}

// A clock that moves for the thread alone that moves it: to all others, no time passes.
class StudentsClock : public Clock {
 public:
  absl::Time Now() override {
    return absl::UnixEpoch() +
           (std::this_thread::get_id() == student_ ? worked_ : absl::ZeroDuration());
  }
  void WaitUntil(CondVar& condition, Mutex& mutex, absl::Time) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    condition.Wait(mutex);
  }
  void Work(absl::Duration duration) { worked_ += duration; }

 private:
  const std::thread::id student_ = std::this_thread::get_id();
  absl::Duration worked_;
};

TEST_F(PrefetcherTest, OnlyTheBatchesThatTheMeasuredTimesAskForAreAhead) {
  Connect();
  NumberedBatches source(800, 8);
  StudentsClock clock;
  Prefetcher prefetcher(*client_, source, {.burst_bytes = 0}, clock);
  EXPECT_EQ(prefetcher.stats().batches_ahead_wanted, 4);
  source.WaitForPulled(4);
  for (int64_t taken = 0; taken < 20; ++taken) {
    ExpectNextWithTargets(prefetcher, 8 * taken, 8);
    clock.Work(absl::Seconds(1));  // while answers take no time
  }
  EXPECT_EQ(prefetcher.stats().batches_ahead_wanted, 2);
  source.WaitForPulled(22);
  EXPECT_EQ(source.pulled(), 22);
}

TEST_F(PrefetcherTest, SmallBatchesAreAskedForInBursts) {
  Connect();
  constexpr int64_t kBatchBytes = 8 * (4 + 3 * 4);
  const std::pair<int64_t, int64_t> cases[] = {// burst_bytes, batches in a burst
                                               {0, 1},
                                               {2 * kBatchBytes, 2},
                                               {4 * kBatchBytes - 1, 3},
                                               {int64_t{1} << 30, 4}};
  for (const auto& [bytes, burst] : cases) {
    NumberedBatches source(800, 8);
    StudentsClock clock;
    Prefetcher prefetcher(*client_, source, {.burst_bytes = bytes}, clock);
    int64_t pulled = 4 + burst - 1;
    for (int64_t taken = 0; taken < 20; ++taken) {
      source.WaitForPulled(pulled);
      EXPECT_EQ(source.pulled(), pulled) << burst;
      ExpectNextWithTargets(prefetcher, 8 * taken, 8);
      clock.Work(absl::Seconds(1));
      const int64_t ahead = pulled - (taken + 1);
      const int64_t wanted = prefetcher.stats().batches_ahead_wanted;
      if (ahead < wanted) pulled += wanted + burst - 1 - ahead;
    }
    EXPECT_EQ(prefetcher.stats().batches_ahead_wanted, 2);
  }
}

TEST_F(PrefetcherTest, TheSourcesErrorComesAfterTheBatchesBeforeIt) {
  Connect();
  NumberedBatches source(80, 8);
  source.FailAfter(2, absl::DataLossError("cannot read sample 16"));
  Prefetcher prefetcher(*client_, source, {}, Clock::Real());
  ExpectNextWithTargets(prefetcher, 0, 8);
  ExpectNextWithTargets(prefetcher, 8, 8);
  EXPECT_THAT(prefetcher.Next(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("cannot read sample 16")));
}

class WrongBatches : public BatchSource {
 public:
  absl::StatusOr<std::optional<TrainingBatch>> Next() override {
    return TrainingBatch{.inputs = {HostTensor{DType::kUint8, {1, 5}, Bytes::FromString("12345")}},
                         .labels = {0},
                         .sample_ids = {0}};
  }
};

TEST_F(PrefetcherTest, ABatchThatTheTeacherCannotTakeEndsNext) {
  Connect();
  WrongBatches source;
  Prefetcher prefetcher(*client_, source, {}, Clock::Real());
  EXPECT_THAT(prefetcher.Next(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(PrefetcherTest, StopEndsANextThatWaits) {
  Connect();
  teacher_.HoldAnswers();
  NumberedBatches source(80, 8);
  Prefetcher prefetcher(*client_, source, {}, Clock::Real());
  std::thread stopper([&] {
    teacher_.WaitForRequests(1);
    prefetcher.Stop();
  });
  EXPECT_THAT(prefetcher.Next(), StatusIs(absl::StatusCode::kCancelled));
  stopper.join();
  EXPECT_THAT(prefetcher.Next(), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(PrefetcherTest, ItMayGoWhileAnswersAreOwed) {
  Connect();
  teacher_.HoldAnswers();
  NumberedBatches source(80, 8);
  {
    Prefetcher prefetcher(*client_, source, {}, Clock::Real());
    teacher_.WaitForRequests(3);
  }
  teacher_.Release();
  ASSERT_THAT(Send(1000, 2), IsOk());
  ExpectAnswered(1000, 2);
}

TEST_F(PrefetcherTest, StoppingTheClientEndsNext) {
  Connect();
  teacher_.HoldAnswers();
  NumberedBatches source(80, 8);
  Prefetcher prefetcher(*client_, source, {}, Clock::Real());
  std::thread stopper([&] {
    teacher_.WaitForRequests(1);
    client_->Stop();
  });
  EXPECT_THAT(prefetcher.Next(), StatusIs(absl::StatusCode::kCancelled));
  stopper.join();
}

// A clock that moves by a second whenever it is read.
class TickingClock : public Clock {
 public:
  absl::Time Now() override {
    MutexLock lock(mutex_);
    ++reads_;
    changed_.NotifyAll();
    return now_ += absl::Seconds(1);
  }
  void WaitUntil(CondVar& condition, Mutex& mutex, absl::Time) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    condition.Wait(mutex);
  }
  void WaitForReads(int count) {
    MutexLock lock(mutex_);
    while (reads_ < count) changed_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int reads_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time now_ ABSL_GUARDED_BY(mutex_) = absl::UnixEpoch();
};

TEST_F(PrefetcherTest, TimeSpentWaitingForTheTeacherIsMeasured) {
  Connect();
  teacher_.HoldAnswers();
  NumberedBatches source(8, 8);
  TickingClock clock;
  Prefetcher prefetcher(*client_, source, {}, clock);
  teacher_.WaitForRequests(1);  // so the batch is there, and only its targets are waited for
  std::thread releaser([&] {
    clock.WaitForReads(2);  // the sending; and by Next(), which waits from then on
    teacher_.Release();
  });
  ExpectNextWithTargets(prefetcher, 0, 8);
  releaser.join();
  EXPECT_GE(prefetcher.waited(), absl::Seconds(1));
  EXPECT_EQ(prefetcher.stats().waited_for_data, absl::ZeroDuration());
}

}  // namespace
}  // namespace distill::testing
