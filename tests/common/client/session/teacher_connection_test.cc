#include "common/client/session/teacher_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/common/client/session/client_fixture.h"
#include "tests/testing/status_matchers.h"

namespace distill::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A connection is tested through the TeacherClient that owns it: here, what it does when the
// teacher goes away and comes back.
class TeacherConnectionTest : public ClientTest {
 protected:
  // Ids of the requests that came on stream `stream`.
  std::vector<uint64_t> IdsOn(int stream) {
    std::vector<uint64_t> ids;
    for (const auto& request : teacher_.requests()) {
      if (request.stream == stream) ids.push_back(request.id);
    }
    return ids;
  }

  void LoseTeacher() {
    teacher_.Kill();
    WaitForState(TeacherState::kLost);
  }
};

TEST_F(TeacherConnectionTest, SendsAgainExactlyWhatWasNotAnsweredInOrder) {
  Connect();
  teacher_.HoldAnswers();
  for (int i = 0; i < 5; ++i) ASSERT_THAT(Send(10 * i, 2), IsOk());
  teacher_.WaitForRequests(5);
  teacher_.DropStreamAfter(2);
  teacher_.Release();
  for (int i = 0; i < 5; ++i) ExpectAnswered(10 * i, 2);
  EXPECT_THAT(IdsOn(1), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(IdsOn(2), ElementsAre(3, 4, 5));
  EXPECT_EQ(client_->stats().losses, 1);
  EXPECT_EQ(client_->stats().reconnects, 1);
  EXPECT_EQ(client_->stats().samples_answered, 10);
}

TEST_F(TeacherConnectionTest, SurvivesAKilledTeacher) {
  Connect();
  teacher_.HoldAnswers();
  ASSERT_THAT(Send(0, 3), IsOk());
  teacher_.WaitForRequests(1);
  LoseTeacher();
  EXPECT_THAT(client_->status(),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr(teacher_.address()), HasSubstr("is lost"))));
  ASSERT_THAT(Send(10, 3), IsOk());
  teacher_.Release();
  teacher_.Start();
  ExpectAnswered(0, 3);
  ExpectAnswered(10, 3);
  EXPECT_THAT(IdsOn(2), ElementsAre(1, 2));
  EXPECT_EQ(teacher_.opens().back().fingerprint, std::string(64, 'f'));
}

TEST_F(TeacherConnectionTest, SurvivesManyLosses) {
  Connect();
  for (int i = 0; i < 10; ++i) {
    teacher_.DropStreamAfter(2);
    for (int j = 0; j < 4; ++j) ASSERT_THAT(Send(100 * i + 10 * j, 2), IsOk());
    for (int j = 0; j < 4; ++j) ExpectAnswered(100 * i + 10 * j, 2);
  }
  EXPECT_EQ(client_->stats().samples_answered, 80);
  EXPECT_GE(client_->stats().losses, 10);
}

TEST_F(TeacherConnectionTest, LossesInARowWithoutOneAnswerAreReportedWhenTheirNumberDoubles) {
  constexpr size_t kLosses = 12;
  Connect();
  ::testing::internal::CaptureStderr();
  teacher_.HoldAnswers();
  ASSERT_THAT(Send(0, 2), IsOk());
  for (size_t sent = 1; sent <= kLosses; ++sent) {
    teacher_.WaitForRequests(sent);
    teacher_.EndStreams(absl::UnavailableError("the proxy resets the stream"));
  }
  teacher_.WaitForRequests(kLosses + 1);
  EXPECT_EQ(client_->stats().fruitless_losses, int64_t{kLosses});
  teacher_.Release();
  ExpectAnswered(0, 2);
  EXPECT_EQ(client_->stats().fruitless_losses, 0);
  const std::string log = ::testing::internal::GetCapturedStderr();
  for (size_t losses = 1; losses <= kLosses; ++losses) {
    EXPECT_EQ(absl::StrContains(log, absl::StrCat("it was lost ", losses, " times in a row")),
              losses == 5 || losses == 10)
        << losses << "\n"
        << log;
  }
  // Beyond these, the report stands for the single losses, too.
  const std::vector<std::string> parts = absl::StrSplit(log, "; connecting again");
  EXPECT_EQ(parts.size(), 1u + 5) << log;
  EXPECT_THAT(log, HasSubstr("answers again"));
}

TEST_F(TeacherConnectionTest, ADrainedTeacherIsFoundAgainWhenItIsBack) {
  Connect();
  teacher_.HoldAnswers();
  ASSERT_THAT(Send(0, 3), IsOk());
  teacher_.WaitForRequests(1);
  teacher_.Drain();
  ASSERT_THAT(Send(10, 3), IsOk());
  teacher_.Release();
  ExpectAnswered(0, 3);  // what it took it finishes
  WaitForState(TeacherState::kLost);
  EXPECT_EQ(answers_.calls(10), 0);
  teacher_.Kill();
  teacher_.Start();
  ExpectAnswered(10, 3);
}

TEST_F(TeacherConnectionTest, ARequestAnsweredUnavailableGoesToTheNextStream) {
  Connect();
  teacher_.FailNextRequest(absl::UnavailableError("not taken"));
  ASSERT_THAT(Send(0, 3), IsOk());
  ExpectAnswered(0, 3);
  EXPECT_THAT(IdsOn(1), ElementsAre(1));
  EXPECT_THAT(IdsOn(2), ElementsAre(1));
}

TEST_F(TeacherConnectionTest, ARequestThatExpiredIsSentAgain) {
  Connect();
  teacher_.FailNextRequest(absl::DeadlineExceededError("it waited too long"));
  ASSERT_THAT(Send(0, 3), IsOk());
  ExpectAnswered(0, 3);
  EXPECT_THAT(IdsOn(1), ElementsAre(1, 1));
  EXPECT_EQ(client_->stats().losses, 0);
}

TEST_F(TeacherConnectionTest, AnotherFingerprintIsFatalAndBothAreNamed) {
  Connect();
  teacher_.HoldAnswers();
  ASSERT_THAT(Send(0, 3), IsOk());
  LoseTeacher();
  FakeTeacherOptions options = teacher_.options();
  options.model.fingerprint = std::string(64, 'e');
  teacher_.SetOptions(options);
  teacher_.Start();
  const auto failed =
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr(std::string(64, 'e')), HasSubstr(std::string(64, 'f')),
                     HasSubstr(teacher_.address())));
  EXPECT_THAT(answers_.Wait(0), failed);
  EXPECT_THAT(Send(10, 1), failed);
}

TEST_F(TeacherConnectionTest, OtherNumericsAreFatalForBatchIndependentAnswers) {
  TeacherClientOptions client_options = ClientOptions(teacher_.address());
  client_options.batch_independent = true;
  Connect(client_options);
  LoseTeacher();
  FakeTeacherOptions options = teacher_.options();
  options.numerics.intra_op_threads = 9;
  teacher_.SetOptions(options);
  teacher_.Start();
  WaitForState(TeacherState::kFailed);
  EXPECT_THAT(client_->status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("9 threads")));
}

TEST_F(TeacherConnectionTest, OtherNumericsAreAcceptedOtherwise) {
  Connect();
  LoseTeacher();
  FakeTeacherOptions options = teacher_.options();
  options.numerics.intra_op_threads = 9;
  teacher_.SetOptions(options);
  teacher_.Start();
  WaitForState(TeacherState::kConnected);
}

TEST_F(TeacherConnectionTest, ARefusalForGoodEndsTheRun) {
  Connect();
  LoseTeacher();
  teacher_.RefuseOpens(absl::NotFoundError("no model 'fake'; served are: other"));
  teacher_.Start();
  WaitForState(TeacherState::kFailed);
  EXPECT_THAT(client_->status(), StatusIs(absl::StatusCode::kNotFound,
                                          HasSubstr("no model 'fake'; served are: other")));
}

TEST_F(TeacherConnectionTest, ARefusalForNowIsTriedAgain) {
  Connect();
  LoseTeacher();
  teacher_.RefuseOpens(absl::UnavailableError("the server drains"));
  teacher_.Start();
  teacher_.WaitForOpens(4);
  EXPECT_EQ(client_->state(), TeacherState::kLost);
  teacher_.RefuseOpens(absl::OkStatus());
  WaitForState(TeacherState::kConnected);
}

TEST_F(TeacherConnectionTest, AFullServerIsTriedAgainForItMayHoldADeadStreamOfOurs) {
  Connect();
  LoseTeacher();
  teacher_.RefuseOpens(absl::ResourceExhaustedError("all 1 streams are open"));
  teacher_.Start();
  teacher_.WaitForOpens(4);
  EXPECT_EQ(client_->state(), TeacherState::kLost);
  teacher_.RefuseOpens(absl::OkStatus());
  WaitForState(TeacherState::kConnected);
}

TEST_F(TeacherConnectionTest, AStreamThatTheServerEndsWithAnErrorIsFatal) {
  Connect();
  teacher_.HoldAnswers();
  ASSERT_THAT(Send(0, 3), IsOk());
  teacher_.WaitForRequests(1);
  teacher_.EndStreams(absl::InvalidArgumentError("id 1 is in flight already"));
  EXPECT_THAT(answers_.Wait(0),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("id 1 is in flight already")));
}

TEST_F(TeacherConnectionTest, StopReturnsWhileTheTeacherIsLost) {
  TeacherClientOptions options = ClientOptions(teacher_.address());
  options.backoff = {.initial = absl::Hours(1), .max = absl::Hours(1)};
  Connect(options);
  LoseTeacher();
  ASSERT_THAT(Send(0, 3), IsOk());
  client_->Stop();
  EXPECT_THAT(answers_.Wait(0), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(TeacherConnectionTest, AbandonedRequestsAreNotSentAgain) {
  Connect();
  teacher_.HoldAnswers();
  for (int i = 0; i < 3; ++i) ASSERT_THAT(Send(10 * i, 2), IsOk());
  teacher_.WaitForRequests(3);
  EXPECT_FALSE(client_->AbandonWhileLost({1}));  // it is connected
  EXPECT_EQ(answers_.calls(0), 0);
  LoseTeacher();
  EXPECT_TRUE(client_->AbandonWhileLost({1, 3, 99}));
  EXPECT_THAT(answers_.Wait(0), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(answers_.Wait(20), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(client_->samples_in_flight(), 2);
  teacher_.Release();
  teacher_.Start();
  ExpectAnswered(10, 2);
  EXPECT_THAT(IdsOn(2), ElementsAre(2));
}

}  // namespace
}  // namespace distill::testing
