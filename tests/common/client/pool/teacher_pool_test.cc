#include "common/client/pool/teacher_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>

#include "common/contract/starting.h"
#include "tests/common/client/pool/pool_fixture.h"
#include "tests/testing/certificates.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class TeacherPoolTest : public PoolTest {
 protected:
  ~TeacherPoolTest() override { pool_.reset(); }

  void StartBoth() {
    a_.Start();
    b_.Start();
  }
  void ConnectToBoth() { Connect(PoolOptions({a_.address(), b_.address()})); }
  // Permanently: a server that is going down may otherwise accept one more stream.
  static void KillAtOnce(FakeTeacher& teacher) {
    teacher.RefuseOpens(absl::UnavailableError("going down"));
    teacher.Kill();
  }
  void HoldBoth() {
    a_.HoldAnswers();
    b_.HoldAnswers();
  }

  FakeTeacher a_;
  FakeTeacher b_;
};

TEST_F(TeacherPoolTest, WhoOwesFewerSamplesIsAsked) {
  StartBoth();
  ConnectToBoth();
  HoldBoth();
  ASSERT_THAT(Send(100, 3), IsOk());
  SendSingles(4);
  a_.WaitForRequests(2);  // 3, then 1 of those after the other has 3, too
  b_.WaitForRequests(3);
  a_.Release();
  b_.Release();
  ExpectAnswered(100, 3);
  ExpectSinglesAnswered(4);
  EXPECT_EQ(AnsweredBy(a_.address()), 4);
  EXPECT_EQ(AnsweredBy(b_.address()), 3);
}

TEST_F(TeacherPoolTest, EachTeacherHasNoMoreThanItsOwnCreditsAndTheRestWaits) {
  FakeTeacherOptions options;
  options.limits = {.credits = 8, .max_request_samples = 8, .max_message_bytes = 1 << 20};
  a_.SetOptions(options);
  options.limits = {.credits = 4, .max_request_samples = 4, .max_message_bytes = 1 << 19};
  b_.SetOptions(options);
  StartBoth();
  ConnectToBoth();
  EXPECT_EQ(pool_->limits().credits, 12);
  EXPECT_EQ(pool_->limits().max_request_samples, 4);
  EXPECT_EQ(pool_->limits().max_message_bytes, 1 << 19);
  HoldBoth();
  SendSingles(30);
  a_.WaitForRequests(8);
  b_.WaitForRequests(4);
  a_.Release();
  b_.Release();
  ExpectSinglesAnswered(30);
  EXPECT_LE(a_.most_samples_in_flight(), 8);
  EXPECT_LE(b_.most_samples_in_flight(), 4);
  EXPECT_THAT(Send(100, 5), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("at most 4")));
}

TEST_F(TeacherPoolTest, WhatALostTeacherOwesMovesWithItsSeedAndIsAnsweredOnce) {
  StartBoth();
  ConnectToBoth();
  HoldBoth();
  SendSingles(6);
  a_.WaitForRequests(3);
  b_.WaitForRequests(3);
  KillAtOnce(a_);
  b_.WaitForRequests(6);
  b_.Release();
  ExpectSinglesAnswered(6);
  EXPECT_EQ(AnsweredBy(b_.address()), 6);
  std::multiset<uint64_t> seeds;
  for (const auto& request : b_.requests()) seeds.insert(request.seed);
  EXPECT_EQ(seeds, (std::multiset<uint64_t>{1000, 1001, 1002, 1003, 1004, 1005}));
  // The pool was never without a teacher, and one that is back is asked again.
  EXPECT_EQ(pool_->stats().losses, 0);
  a_.Release();
  a_.RefuseOpens(absl::OkStatus());
  a_.Start();
  Await([&] { return pool_->stats().reconnects == 1; }, "the pool is connected to both again");
  for (int i = 100; a_.requests().size() == 3u; ++i) {
    ASSERT_THAT(Send(i, 1), IsOk());
    ExpectAnswered(i, 1);
  }
}

TEST_F(TeacherPoolTest, ADrainingTeacherFinishesWhatItTookAndGetsNothingMore) {
  StartBoth();
  ConnectToBoth();
  HoldBoth();
  SendSingles(6);
  a_.WaitForRequests(3);
  b_.WaitForRequests(3);
  a_.Drain();
  for (int i = 6; i < 20; ++i) ASSERT_THAT(Send(i, 1), IsOk());
  b_.WaitForRequests(17);  // whatever it did not take moves while its stream is still open
  a_.Release();
  b_.Release();
  ExpectSinglesAnswered(20);
  EXPECT_EQ(AnsweredBy(a_.address()), 3);
  EXPECT_EQ(AnsweredBy(b_.address()), 17);
}

TEST_F(TeacherPoolTest, ATeacherOfAnotherFingerprintIsNeverAsked) {
  FakeTeacherOptions other;
  other.model.fingerprint = std::string(64, 'e');
  b_.SetOptions(other);
  StartBoth();
  ConnectToBoth();
  EXPECT_EQ(pool_->info().fingerprint, std::string(64, 'f'));
  SendSingles(10);
  ExpectSinglesAnswered(10);
  EXPECT_TRUE(b_.requests().empty());
  a_.SpoilNextAnswer(AnswerFault::kWrongRows);
  ASSERT_THAT(Send(10, 1), IsOk());
  EXPECT_THAT(answers_.Wait(10),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(a_.address()), HasSubstr(std::string(64, 'f')),
                             HasSubstr(b_.address()), HasSubstr(std::string(64, 'e')))));
  EXPECT_TRUE(b_.requests().empty());
}

TEST_F(TeacherPoolTest, OtherNumericsMatterToBatchIndependentAnswersAlone) {
  FakeTeacherOptions other;
  other.numerics.intra_op_threads = 9;
  b_.SetOptions(other);
  StartBoth();
  ConnectToBoth();
  EXPECT_EQ(pool_->limits().credits, 2 * other.limits.credits);
  TeacherPoolOptions options = PoolOptions({a_.address(), b_.address()});
  options.teacher.batch_independent = true;
  Connect(options);
  EXPECT_EQ(pool_->limits().credits, other.limits.credits);
}

TEST_F(TeacherPoolTest, ABreachDropsTheTeacherAndTheOthersGoOn) {
  StartBoth();
  ConnectToBoth();
  a_.SpoilNextAnswer(AnswerFault::kWrongRows);
  SendSingles(20);
  ExpectSinglesAnswered(20);
  EXPECT_EQ(pool_->state(), TeacherState::kConnected);
  AwaitCredits(4096);
  EXPECT_EQ(a_.opens().size(), 1u);
}

TEST_F(TeacherPoolTest, WhenEachWasDroppedThePoolFailsAndNamesThemAll) {
  StartBoth();
  ConnectToBoth();
  a_.SpoilNextAnswer(AnswerFault::kWrongClasses);
  b_.FailNextRequest(absl::InvalidArgumentError("I cannot compute this"));
  a_.HoldAnswers();
  SendSingles(20);
  a_.Release();
  AwaitState(TeacherState::kFailed);
  EXPECT_THAT(pool_->status().message(),
              AllOf(HasSubstr(a_.address()), HasSubstr("broke the contract"),
                    HasSubstr(b_.address()), HasSubstr("I cannot compute this")));
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(answers_.Wait(i));
    EXPECT_EQ(answers_.calls(i), 1);
  }
  EXPECT_EQ(Send(100, 1).status(), pool_->status());
}

TEST_F(TeacherPoolTest, WhoWasNeverOfUseIsNotWaitedForOnceTheOthersAreDropped) {
  a_.Start();
  ConnectToBoth();
  a_.SpoilNextAnswer(AnswerFault::kWrongRows);
  ASSERT_THAT(Send(0, 1), IsOk());
  AwaitState(TeacherState::kFailed);
  const auto names_both = StatusIs(absl::StatusCode::kInternal,
                                   AllOf(HasSubstr(a_.address() + " broke the contract"),
                                         HasSubstr("cannot reach a teacher at " + b_.address())));
  EXPECT_THAT(pool_->status(), names_both);
  EXPECT_THAT(answers_.Wait(0), names_both);
}

TEST_F(TeacherPoolTest, WhoIsLostIsWaitedForOnceTheOthersAreDropped) {
  StartBoth();
  ConnectToBoth();
  KillAtOnce(b_);
  ASSERT_THAT(Send(0, 1), IsOk());
  ExpectAnswered(0, 1);
  a_.SpoilNextAnswer(AnswerFault::kWrongRows);
  ASSERT_THAT(Send(1, 1), IsOk());
  AwaitState(TeacherState::kLost);
  b_.RefuseOpens(absl::OkStatus());
  b_.Start();
  ExpectAnswered(1, 1);
}

TEST_F(TeacherPoolTest, ALossIsATimeWithoutAnyTeacher) {
  StartBoth();
  ConnectToBoth();
  KillAtOnce(a_);
  ASSERT_THAT(Send(0, 1), IsOk());
  ExpectAnswered(0, 1);
  EXPECT_EQ(pool_->state(), TeacherState::kConnected);
  KillAtOnce(b_);
  AwaitState(TeacherState::kLost);
  EXPECT_EQ(pool_->stats().losses, 1);
  EXPECT_THAT(pool_->last_loss(),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr(a_.address()), HasSubstr(b_.address()))));
  ASSERT_THAT(Send(1, 1), IsOk());
  const auto given_up = Send(2, 1);
  EXPECT_TRUE(pool_->AbandonWhileLost({*given_up}));
  EXPECT_THAT(answers_.Wait(2), StatusIs(absl::StatusCode::kCancelled));
  b_.RefuseOpens(absl::OkStatus());
  b_.Start();
  ExpectAnswered(1, 1);
  EXPECT_FALSE(pool_->AbandonWhileLost({*given_up}));
}

TEST_F(TeacherPoolTest, TheListenerIsToldOfTheFirstLossToo) {
  a_.Start();
  Connect(PoolOptions({a_.address()}));
  Mutex mutex;
  CondVar changed;
  bool told = false;
  pool_->SetStateListener([&] {
    MutexLock lock(mutex);
    told = told || pool_->state() == TeacherState::kLost;
    changed.NotifyAll();
  });
  KillAtOnce(a_);
  {
    Patience patience("the listener is told of the loss");
    MutexLock lock(mutex);
    while (!told && patience.Wait(changed, mutex)) {
    }
  }
  EXPECT_THAT(pool_->status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(a_.address() + " is lost")));
  pool_.reset();
}

TEST_F(TeacherPoolTest, OneThatCannotBeReachedAtFirstJoinsWhenItCan) {
  a_.Start();
  ConnectToBoth();
  SendSingles(5);
  ExpectSinglesAnswered(5);
  b_.Start();
  AwaitCredits(2 * 4096);
  HoldBoth();
  for (int i = 5; i < 9; ++i) ASSERT_THAT(Send(i, 1), IsOk());
  b_.WaitForRequests(2);
  a_.Release();
  b_.Release();
  ExpectSinglesAnswered(9);
}

TEST_F(TeacherPoolTest, WhenNobodyCanBeReachedEachIsNamedWithItsReason) {
  TeacherPoolOptions options = PoolOptions({a_.address(), b_.address()});
  options.teacher.connect_timeout = absl::Milliseconds(50);
  const auto connected = TeacherPool::Connect(options, Clock::Real());
  EXPECT_THAT(connected, StatusIs(absl::StatusCode::kUnavailable,
                                  AllOf(HasSubstr("cannot reach a teacher at " + a_.address()),
                                        HasSubstr("cannot reach a teacher at " + b_.address()),
                                        HasSubstr("; start it, or set `connect_timeout` to "))));
}

TEST_F(TeacherPoolTest, AServerThatClosesTheConnectionIsNotOneToStart) {
  const TempDir dir;
  const Certificates pki = WriteCertificates(dir.path());
  FakeTeacher teacher({.tls = {pki.server.certificate, pki.server.key, {}}, .host = "127.0.0.1"});
  teacher.Start();
  TeacherPoolOptions options = PoolOptions({teacher.address()});
  options.teacher.connect_timeout = absl::Seconds(1);
  EXPECT_THAT(TeacherPool::Connect(options, Clock::Real()),
              ErrorIs(absl::StatusCode::kUnavailable,
                      AllOf(HasSubstr("a server that wants TLS"), HasSubstr("`tls_ca`"),
                            Not(HasSubstr("start it")))));
}

TEST_F(TeacherPoolTest, LossesWithoutAnAnswerCountWhereEveryTeacherHasThem) {
  StartBoth();
  ConnectToBoth();
  HoldBoth();
  SendSingles(2);
  a_.WaitForRequests(1);
  b_.WaitForRequests(1);
  a_.EndStreams(absl::UnavailableError("reset"));
  b_.WaitForRequests(2);  // with that of the other
  EXPECT_EQ(pool_->stats().fruitless_losses, 0);
  b_.EndStreams(absl::UnavailableError("reset"));
  Await([&] { return pool_->stats().fruitless_losses == 1; }, "both have lost their requests");
  a_.Release();
  b_.Release();
  ExpectSinglesAnswered(2);
  EXPECT_EQ(pool_->stats().fruitless_losses, 0);
}

TEST_F(TeacherPoolTest, OneThatIsStartingIsWaitedForWhereThereIsNoOther) {
  a_.Start();
  a_.RefuseOpens(absl::UnavailableError(kServerStarting));
  std::thread accepter([&] {
    a_.WaitForOpens(20);  // of which the timeout allows for five
    a_.RefuseOpens(absl::OkStatus());
  });
  TeacherPoolOptions options = PoolOptions({a_.address()});
  options.teacher.connect_timeout = absl::Milliseconds(50);
  options.teacher.backoff = {.initial = absl::Milliseconds(10), .max = absl::Milliseconds(10)};
  EXPECT_THAT(TeacherPool::Connect(options, Clock::Real()), IsOk());
  accepter.join();
}

TEST_F(TeacherPoolTest, AnAddressGivenTwiceIsNamed) {
  EXPECT_THAT(PoolOptions({"unix:/a", "h:1", "h:01"}).Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'h:01': it is given twice")));
}

TEST_F(TeacherPoolTest, StopCancelsWhatIsOutstandingBeforeItReturns) {
  StartBoth();
  ConnectToBoth();
  HoldBoth();
  SendSingles(4);
  pool_->Stop();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(answers_.calls(i), 1);
    EXPECT_THAT(answers_.Wait(i), StatusIs(absl::StatusCode::kCancelled));
  }
  EXPECT_THAT(Send(10, 1), StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace distill::testing
