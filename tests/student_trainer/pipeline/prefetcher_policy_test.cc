// What the prefetcher does when the teacher is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "tests/student_trainer/pipeline/prefetcher_fixture.h"
#include "tests/testing/status_matchers.h"

namespace distill::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class PrefetcherPolicyTest : public PrefetcherTest {
 protected:
  // Kills the teacher with the first requests held, and waits until the client knows.
  void LoseTeacherWithRequestsHeld() {
    teacher_.WaitForRequests(4);
    teacher_.Kill();
    Await([&] { return !client_->connected(); }, "the client has lost the teacher");
  }
};

TEST_F(PrefetcherPolicyTest, WaitTrainsEverySampleOnceThroughManyLosses) {
  SetLimits({.credits = 40, .max_request_samples = 3, .max_message_bytes = 1 << 20});
  Connect();
  NumberedBatches source(800, 8);
  Prefetcher prefetcher(*client_, source, {.policy = TeacherLossPolicy::kWait}, Clock::Real());
  for (int64_t position = 0; position < 800; position += 8) {
    if (position % 80 == 0) teacher_.DropStreamAfter(7);
    ExpectNextWithTargets(prefetcher, position, 8);
  }
  ExpectEnd(prefetcher);
  EXPECT_GE(client_->stats().losses, 9);
  EXPECT_EQ(prefetcher.stats().samples_with_targets, 800);
  EXPECT_EQ(client_->stats().samples_answered, 800);
  EXPECT_LE(teacher_.most_samples_in_flight(), 40);
}

TEST_F(PrefetcherPolicyTest, WaitWaitsUntilTheTeacherIsBack) {
  Connect();
  teacher_.HoldAnswers();
  NumberedBatches source(80, 8);
  Prefetcher prefetcher(*client_, source, {.policy = TeacherLossPolicy::kWait}, Clock::Real());
  LoseTeacherWithRequestsHeld();
  teacher_.Release();
  std::thread starter([&] { teacher_.Start(); });
  ExpectNextWithTargets(prefetcher, 0, 8);
  starter.join();
}

TEST_F(PrefetcherPolicyTest, WaitCanBeStopped) {
  Connect();
  teacher_.HoldAnswers();
  NumberedBatches source(80, 8);
  Prefetcher prefetcher(*client_, source, {.policy = TeacherLossPolicy::kWait}, Clock::Real());
  LoseTeacherWithRequestsHeld();
  std::thread stopper([&] { prefetcher.Stop(); });
  EXPECT_THAT(prefetcher.Next(), StatusIs(absl::StatusCode::kCancelled));
  stopper.join();
}

TEST_F(PrefetcherPolicyTest, FailNamesTheTeacherAndTheWayOut) {
  Connect();
  teacher_.HoldAnswers();
  NumberedBatches source(80, 8);
  Prefetcher prefetcher(*client_, source, {.policy = TeacherLossPolicy::kFail}, Clock::Real());
  LoseTeacherWithRequestsHeld();
  EXPECT_THAT(prefetcher.Next(), StatusIs(absl::StatusCode::kUnavailable,
                                          AllOf(HasSubstr(teacher_.address()),
                                                HasSubstr("; with `on_teacher_loss` wait"))));
}

TEST_F(PrefetcherPolicyTest, FailAlsoCountsALossThatIsOver) {
  Connect();
  NumberedBatches source(8000, 8);
  Prefetcher prefetcher(*client_, source, {.policy = TeacherLossPolicy::kFail}, Clock::Real());
  teacher_.EndStreams(absl::UnavailableError("dropped"));
  teacher_.WaitForOpens(2);
  EXPECT_THAT(prefetcher.Next(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("dropped")));
}

TEST_F(PrefetcherPolicyTest, HardLabelsGoesOnWithoutTargetsAndResumes) {
  Connect();
  teacher_.HoldAnswers();
  NumberedBatches source(160, 8);
  Prefetcher prefetcher(*client_, source,
                        {.policy = TeacherLossPolicy::kHardLabels, .max_batches_ahead = 4},
                        Clock::Real());
  LoseTeacherWithRequestsHeld();
  for (int64_t position = 0; position < 80; position += 8) {
    ExpectNextWithoutTargets(prefetcher, position, 8);
  }
  teacher_.Release();
  teacher_.Start();
  Await([&] { return client_->connected(); }, "the client is connected again");
  for (int64_t position = 80; position < 160; position += 8) {
    ExpectNextWithTargets(prefetcher, position, 8);
  }
  ExpectEnd(prefetcher);
  const PrefetcherStats stats = prefetcher.stats();
  EXPECT_EQ(stats.batches_without_targets, 10);
  EXPECT_EQ(stats.samples_without_targets, 80);
  EXPECT_EQ(stats.batches_with_targets, 10);
  EXPECT_EQ(stats.samples_with_targets, 80);
  EXPECT_EQ(client_->stats().samples_answered, 80);  // nothing that was given up was asked again
}

TEST_F(PrefetcherPolicyTest, HardLabelsGivesUpABatchThatHasPartOfItsTargets) {
  SetLimits({.credits = 100, .max_request_samples = 4, .max_message_bytes = 1 << 20});
  Connect();
  teacher_.HoldAnswers();
  NumberedBatches source(8, 8);
  Prefetcher prefetcher(*client_, source, {.policy = TeacherLossPolicy::kHardLabels},
                        Clock::Real());
  teacher_.WaitForRequests(2);
  teacher_.RefuseOpens(absl::UnavailableError("away"));
  teacher_.DropStreamAfter(1);
  teacher_.Release();
  ExpectNextWithoutTargets(prefetcher, 0, 8);
  ExpectEnd(prefetcher);
}

TEST_F(PrefetcherPolicyTest, HardLabelsWaitsForATeacherThatIsOnlySlow) {
  Connect();
  teacher_.HoldAnswers();
  NumberedBatches source(8, 8);
  Prefetcher prefetcher(*client_, source, {.policy = TeacherLossPolicy::kHardLabels},
                        Clock::Real());
  std::thread releaser([&] {
    teacher_.WaitForRequests(1);
    teacher_.Release();
  });
  ExpectNextWithTargets(prefetcher, 0, 8);
  releaser.join();
}

TEST_F(PrefetcherPolicyTest, HardLabelsGoesOnThroughLossesWithoutEnd) {
  TeacherClientOptions options = ClientOptions(teacher_.address());
  options.backoff = {.initial = absl::Milliseconds(50), .max = absl::Milliseconds(50)};
  Connect(options);
  teacher_.HoldAnswers();
  std::atomic<bool> done = false;
  std::thread proxy([&] {
    for (size_t seen = 0; !done; seen = teacher_.requests().size()) {
      Await([&] { return done || teacher_.requests().size() > seen; }, "a request has come");
      teacher_.EndStreams(absl::UnavailableError("reset"));
    }
  });
  NumberedBatches source(80, 8);
  Prefetcher prefetcher(*client_, source, {.policy = TeacherLossPolicy::kHardLabels},
                        Clock::Real());
  for (int64_t position = 0; position < 80; position += 8) {
    ExpectNextWithoutTargets(prefetcher, position, 8);
  }
  ExpectEnd(prefetcher);
  EXPECT_EQ(prefetcher.stats().samples_without_targets, 80);
  done = true;
  proxy.join();
}

TEST_F(PrefetcherPolicyTest, ADroppedTeacherEndsTheRunWhateverThePolicy) {
  for (const TeacherLossPolicy policy :
       {TeacherLossPolicy::kWait, TeacherLossPolicy::kHardLabels, TeacherLossPolicy::kFail}) {
    Connect();
    teacher_.SpoilNextAnswer(AnswerFault::kWrongClasses);
    NumberedBatches source(80, 8);
    Prefetcher prefetcher(*client_, source, {.policy = policy}, Clock::Real());
    EXPECT_THAT(prefetcher.Next(),
                StatusIs(absl::StatusCode::kInternal, HasSubstr("broke the contract")));
  }
}

}  // namespace
}  // namespace distill::testing
