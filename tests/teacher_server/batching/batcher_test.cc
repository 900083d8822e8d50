#include "teacher_server/batching/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "tests/teacher_server/testing/fake_runner.h"
#include "tests/teacher_server/testing/remembering_runner.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::FakeClock;
using ::distill::testing::FakeRunner;
using ::distill::testing::IsOk;
using ::distill::testing::RememberingRunner;
using ::distill::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Collects answers, by the seed of their request.
class Answers {
 public:
  absl::AnyInvocable<void(WorkResult)> Taker(uint64_t seed) {
    return [this, seed](WorkResult result) {
      MutexLock lock(mutex_);
      order_.push_back(seed);
      results_.push_back(std::move(result));
      changed_.NotifyAll();
    };
  }

  void WaitFor(size_t count) {
    MutexLock lock(mutex_);
    while (results_.size() < count) changed_.Wait(mutex_);
  }

  std::vector<uint64_t> order() {
    MutexLock lock(mutex_);
    return order_;
  }

  WorkResult result(size_t i) {
    MutexLock lock(mutex_);
    return results_[i];
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<uint64_t> order_ ABSL_GUARDED_BY(mutex_);
  std::vector<WorkResult> results_ ABSL_GUARDED_BY(mutex_);
};

class BatcherTest : public ::testing::Test {
 protected:
  // `seed` is the request's name in this file.
  Work Request(uint64_t stream, int64_t samples, uint64_t seed) {
    Work work;
    work.stream = stream;
    work.request.samples = samples;
    work.options.seed = seed;
    const auto bytes = static_cast<size_t>(2 * samples);
    work.request.inputs = {
        HostTensor{DType::kUint8,
                   {samples, 2},
                   Bytes::FromString(std::string(bytes, static_cast<char>(seed)))}};
    work.done = answers_.Taker(seed);
    return work;
  }

  // Makes the runner busy with a request 0 of stream 99, until Release().
  void Occupy(Batcher& batcher) {
    runner_.Hold();
    ASSERT_THAT(batcher.Submit(Request(99, 256, 0)), IsOk());
    runner_.WaitForBatches(1);
  }

  FakeRunner runner_;
  FakeClock clock_;
  BatcherOptions options_;
  Answers answers_;
};

TEST_F(BatcherTest, AFullBatchRunsWithoutWaiting) {
  Batcher batcher(options_, {&runner_}, clock_);
  ASSERT_THAT(batcher.Submit(Request(1, 256, 7)), IsOk());
  answers_.WaitFor(1);
  const WorkResult result = answers_.result(0);
  ASSERT_THAT(result.targets, IsOk());
  EXPECT_EQ(result.targets->front().rows, 256);
}

TEST_F(BatcherTest, StreamsShareABatchOnceTheDelayHasPassed) {
  Batcher batcher(options_, {&runner_}, clock_);
  ASSERT_THAT(batcher.Submit(Request(1, 8, 1)), IsOk());
  ASSERT_THAT(batcher.Submit(Request(2, 8, 2)), IsOk());
  clock_.WaitForWaiters(1);
  EXPECT_THAT(runner_.batches(), IsEmpty());
  clock_.Advance(options_.rule.batch_delay);
  answers_.WaitFor(2);
  EXPECT_THAT(runner_.batches(), ElementsAre(ElementsAre(1, 2)));
  EXPECT_EQ(answers_.result(0).queue_time, options_.rule.batch_delay);
}

TEST_F(BatcherTest, ADecoratorAnswersWhatItKnowsAndAsksTheRunnerForTheRest) {
  RememberingRunner remembering(runner_);
  options_.rule.batch_delay = absl::ZeroDuration();
  Batcher batcher(options_, {&remembering}, clock_);
  for (const uint64_t name : {1, 2, 1, 3, 2}) {
    const size_t answered = answers_.order().size();
    ASSERT_THAT(batcher.Submit(Request(1, 8, name)), IsOk());
    answers_.WaitFor(answered + 1);
  }
  EXPECT_THAT(runner_.batches(), ElementsAre(ElementsAre(1), ElementsAre(2), ElementsAre(3)));
  EXPECT_EQ(answers_.result(2).targets->front().parts[0].bytes,
            answers_.result(0).targets->front().parts[0].bytes);
  EXPECT_EQ(answers_.result(4).targets->front().parts[0].bytes,
            answers_.result(1).targets->front().parts[0].bytes);
}

// A stream that keeps 16 requests of 256 samples queued, and one that sends 8 samples at a time.
TEST_F(BatcherTest, ASmallStreamWaitsAtMostThreeBatchTimesBehindAGreedyOne) {
  constexpr absl::Duration kBatchTime = absl::Milliseconds(10);
  constexpr int kSmallRequests = 50;
  runner_.SetOnRun([&] { clock_.Advance(kBatchTime); });
  Batcher batcher(options_, {&runner_}, clock_);
  Mutex mutex;
  CondVar changed;
  std::vector<absl::Duration> waits;
  std::function<void()> send_large = [&] {
    Work work = Request(1, 256, 1);
    work.done = [&](WorkResult) { send_large(); };
    static_cast<void>(batcher.Submit(std::move(work)));  // refused once the test drains
  };
  std::function<void()> send_small = [&] {
    const absl::Time sent = clock_.Now();
    Work work = Request(2, 8, 2);
    work.done = [&, sent](WorkResult) {
      {
        MutexLock lock(mutex);
        waits.push_back(clock_.Now() - sent);
        changed.NotifyAll();
        if (waits.size() == kSmallRequests) return;
      }
      send_small();
    };
    ASSERT_THAT(batcher.Submit(std::move(work)), IsOk());
  };
  for (int i = 0; i < 16; ++i) send_large();
  send_small();
  {
    MutexLock lock(mutex);
    while (waits.size() < kSmallRequests) changed.Wait(mutex);
  }
  batcher.Drain();
  EXPECT_THAT(waits, ::testing::Each(::testing::Le(3 * kBatchTime)));
}

TEST_F(BatcherTest, EveryRunnerComputesABatchOfItsOwn) {
  FakeRunner second;
  runner_.Hold();
  second.Hold();
  Batcher batcher(options_, {&runner_, &second}, clock_);
  ASSERT_THAT(batcher.Submit(Request(1, 256, 1)), IsOk());
  ASSERT_THAT(batcher.Submit(Request(1, 256, 2)), IsOk());
  runner_.WaitForBatches(1);
  second.WaitForBatches(1);
  runner_.Release();
  second.Release();
  batcher.Drain();
  EXPECT_THAT(answers_.order(), ::testing::UnorderedElementsAre(1, 2));
}

TEST_F(BatcherTest, AnExpiredRequestIsAnsweredAndNeverComputed) {
  Batcher batcher(options_, {&runner_}, clock_);
  Occupy(batcher);
  Work late = Request(1, 8, 1);
  late.deadline = clock_.Now() + absl::Milliseconds(5);
  ASSERT_THAT(batcher.Submit(std::move(late)), IsOk());
  clock_.Advance(absl::Milliseconds(5));
  runner_.Release();
  answers_.WaitFor(2);
  EXPECT_THAT(answers_.order(), ElementsAre(0, 1));
  EXPECT_THAT(answers_.result(1).targets, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(answers_.result(1).queue_time, absl::Milliseconds(5));
  EXPECT_THAT(runner_.batches(), ElementsAre(ElementsAre(0)));
}

TEST_F(BatcherTest, ADeadlineThatPassesWhileNothingRunsIsAnsweredInTime) {
  options_.rule.batch_delay = absl::Seconds(10);
  Batcher batcher(options_, {&runner_}, clock_);
  Work late = Request(1, 8, 1);
  late.deadline = clock_.Now() + absl::Seconds(1);
  ASSERT_THAT(batcher.Submit(std::move(late)), IsOk());
  clock_.WaitForWaiters(1);
  clock_.Advance(absl::Seconds(1));
  answers_.WaitFor(1);
  EXPECT_THAT(answers_.result(0).targets, StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(BatcherTest, DrainAnswersEverythingItTookAndRefusesTheRest) {
  Batcher batcher(options_, {&runner_}, clock_);
  for (uint64_t i = 0; i < 5; ++i) ASSERT_THAT(batcher.Submit(Request(i, 3, i)), IsOk());
  batcher.Drain();
  EXPECT_EQ(answers_.order().size(), 5u);
  Work refused = Request(1, 3, 9);
  EXPECT_THAT(batcher.Submit(std::move(refused)), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(refused.done);
}

TEST_F(BatcherTest, WithoutDelaysWhatWaitsRunsAtOnceAndMoreIsTaken) {
  options_.rule.batch_delay = absl::Seconds(10);
  Batcher batcher(options_, {&runner_}, clock_);
  ASSERT_THAT(batcher.Submit(Request(1, 8, 0)), IsOk());
  batcher.StopDelaying();
  answers_.WaitFor(1);
  ASSERT_THAT(batcher.Submit(Request(1, 8, 1)), IsOk());
  answers_.WaitFor(2);
  EXPECT_THAT(answers_.order(), ElementsAre(0, 1));
}

TEST_F(BatcherTest, ACancelledStreamIsNotComputed) {
  Batcher batcher(options_, {&runner_}, clock_);
  Occupy(batcher);
  ASSERT_THAT(batcher.Submit(Request(1, 8, 1)), IsOk());
  ASSERT_THAT(batcher.Submit(Request(2, 8, 2)), IsOk());
  batcher.CancelStream(1);
  runner_.Release();
  batcher.Drain();
  EXPECT_THAT(answers_.order(), ElementsAre(0, 2));
}

TEST_F(BatcherTest, TheRunnersErrorsReachTheirRequests) {
  runner_.FailWith(absl::InternalError("the teacher failed"));
  Batcher batcher(options_, {&runner_}, clock_);
  ASSERT_THAT(batcher.Submit(Request(1, 256, 1)), IsOk());
  answers_.WaitFor(1);
  EXPECT_THAT(answers_.result(0).targets, StatusIs(absl::StatusCode::kInternal));
}

TEST(BatcherOptionsTest, NamesTheFieldThatIsOutOfRange) {
  BatcherOptions options;
  EXPECT_THAT(options.Validate(), IsOk());
  options.rule.max_batch_samples = 0;
  EXPECT_THAT(options.Validate(), StatusIs(absl::StatusCode::kInvalidArgument,
                                           ::testing::HasSubstr("`max_batch_samples` is 0")));
  options = {};
  options.rule.batch_delay = absl::Hours(1);
  EXPECT_THAT(options.Validate(), StatusIs(absl::StatusCode::kInvalidArgument,
                                           ::testing::HasSubstr("`batch_delay` is 1h")));
}

}  // namespace
}  // namespace distill
