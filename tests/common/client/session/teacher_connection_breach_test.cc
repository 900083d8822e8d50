// A teacher that breaks the contract is dropped for the run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/common/client/session/client_fixture.h"
#include "tests/testing/status_matchers.h"

namespace distill::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct BreachCase {
  AnswerFault fault;
  const char* message;
};

class ContractBreachTest : public ClientTest, public ::testing::WithParamInterface<BreachCase> {};

TEST_P(ContractBreachTest, DropsTheTeacherAndFailsEverythingOutstanding) {
  Connect();
  teacher_.HoldAnswers();
  // Answers are made when a request comes, so the first is the spoilt one; the rest are owed still.
  teacher_.SpoilNextAnswer(GetParam().fault);
  ASSERT_THAT(Send(0, 5), IsOk());
  ASSERT_THAT(Send(10, 2), IsOk());
  teacher_.WaitForRequests(2);
  teacher_.Release();
  WaitForState(TeacherState::kFailed);
  const auto dropped = ErrorIs(absl::StatusCode::kInternal,
                               AllOf(HasSubstr("broke the contract and is dropped"),
                                     HasSubstr(GetParam().message), HasSubstr(teacher_.address())));
  EXPECT_THAT(client_->status(), dropped);
  EXPECT_THAT(answers_.Wait(10), dropped);
  EXPECT_THAT(Send(20, 1), dropped);
  if (GetParam().fault == AnswerFault::kTwice) {
    ExpectAnswered(0, 5);
  } else {
    EXPECT_THAT(answers_.Wait(0), dropped);
  }
  client_->Stop();
  EXPECT_EQ(teacher_.opens().size(), 1u);
  EXPECT_EQ(answers_.calls(0), 1);
  EXPECT_EQ(answers_.calls(10), 1);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, ContractBreachTest,
    ::testing::Values(BreachCase{AnswerFault::kWrongRows, "it has 6 rows instead of 5"},
                      BreachCase{AnswerFault::kWrongClasses, "it has 4 classes instead of 3"},
                      BreachCase{AnswerFault::kUnknownId, "request 1001: it is not in flight"},
                      BreachCase{AnswerFault::kShortPayload, "an answer to request 1: "},
                      BreachCase{AnswerFault::kTwice, "request 1: it is not in flight"},
                      BreachCase{AnswerFault::kNoKind, "it has no kind"},
                      BreachCase{AnswerFault::kNaN, "logits: an element is NaN or infinite"},
                      BreachCase{AnswerFault::kErrorUnknownId,
                                 "request 1001: it is not in flight"}));

class RowsTest : public ClientTest {};

TEST_F(RowsTest, WithoutAWantedNumberRowsMustBeAMultipleOfTheSamples) {
  Connect();
  teacher_.SpoilNextAnswer(AnswerFault::kWrongRows);
  ASSERT_THAT(client_->Send({.inputs = {NumberedSamples(0, 5)}}, answers_.Callback(0)), IsOk());
  EXPECT_THAT(answers_.Wait(0), ErrorIs(absl::StatusCode::kInternal,
                                        HasSubstr("request 1: it has 6 rows for 5 samples")));
}

TEST_F(RowsTest, AnErrorOfTheTeachersOwnFailsTheRunInItsWords) {
  Connect();
  teacher_.FailNextRequest(absl::InternalError("the teacher's logits are not finite"));
  ASSERT_THAT(Send(0, 5), IsOk());
  const auto failed = ErrorIs(
      absl::StatusCode::kInternal,
      AllOf(HasSubstr("the teacher's logits are not finite"), HasSubstr(teacher_.address())));
  EXPECT_THAT(answers_.Wait(0), failed);
  EXPECT_THAT(client_->status(), failed);
  EXPECT_THAT(Send(10, 1), failed);
}

}  // namespace
}  // namespace distill::testing
