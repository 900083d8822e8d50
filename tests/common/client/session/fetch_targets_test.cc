#include "common/client/session/fetch_targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "tests/common/client/session/client_fixture.h"
#include "tests/testing/status_matchers.h"

namespace distill::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class FetchTargetsTest : public ClientTest {
 protected:
  FetchTargetsTest() {
    FakeTeacherOptions options;
    options.limits = {.credits = 10, .max_request_samples = 4, .max_message_bytes = 1 << 20};
    teacher_.SetOptions(options);
  }

  static std::vector<float> Joined(const std::vector<EncodedTargets>& answers) {
    std::vector<float> logits;
    for (const EncodedTargets& answer : answers) {
      const std::vector<float> part = DecodeFakeLogits(answer);
      logits.insert(logits.end(), part.begin(), part.end());
    }
    return logits;
  }
};

TEST_F(FetchTargetsTest, AnswersComeInTheOrderOfTheSamplesWithinTheCredits) {
  Connect();
  const auto answers =
      FetchTargets(*client_, {{NumberedSamples(0, 103)}}, {.temperature = 3, .seed = 5});
  ASSERT_THAT(answers, IsOk());
  EXPECT_EQ(answers->size(), 26u);
  EXPECT_EQ(Joined(*answers), NumberedLogits(0, 103));
  EXPECT_LE(teacher_.most_samples_in_flight(), 10);
  EXPECT_EQ(teacher_.requests().front().temperature, 3);
  EXPECT_NE(teacher_.requests()[0].seed, teacher_.requests()[1].seed);
}

TEST_F(FetchTargetsTest, NoSamplesHaveNoAnswers) {
  Connect();
  const auto answers = FetchTargets(*client_, {{NumberedSamples(0, 0)}}, {});
  ASSERT_THAT(answers, IsOk());
  EXPECT_TRUE(answers->empty());
}

TEST_F(FetchTargetsTest, TheTeachersErrorEndsIt) {
  Connect();
  teacher_.FailNextRequest(absl::InternalError("no"));
  EXPECT_THAT(FetchTargets(*client_, {{NumberedSamples(0, 103)}}, {}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("no")));
}

TEST_F(FetchTargetsTest, StoppingTheClientEndsIt) {
  Connect();
  teacher_.HoldAnswers();
  std::thread stopper([&] {
    teacher_.WaitForRequests(2);
    client_->Stop();
  });
  EXPECT_THAT(FetchTargets(*client_, {{NumberedSamples(0, 103)}}, {}),
              StatusIs(absl::StatusCode::kCancelled));
  stopper.join();
}

TEST_F(FetchTargetsTest, LossesInARowWithoutOneAnswerEndItWhereThatIsWantedAndNotTheClient) {
  TeacherClientOptions options = ClientOptions(teacher_.address());
  // So that the client is not connected again before the last loss is seen.
  options.backoff = {.initial = absl::Milliseconds(1), .multiplier = 5, .max = absl::Seconds(1)};
  Connect(options);
  teacher_.HoldAnswers();
  std::thread proxy([&] {
    for (size_t losses = 1; losses <= kFruitlessLosses; ++losses) {
      teacher_.WaitForRequests(2 * losses);  // as many as the credits allow
      teacher_.EndStreams(absl::UnavailableError("reset"));
    }
  });
  EXPECT_THAT(FetchTargets(*client_, {{NumberedSamples(0, 103)}},
                           {.on_fruitless_losses = OnFruitlessLosses::kGiveUp}),
              ErrorIs(absl::StatusCode::kUnavailable,
                      AllOf(HasSubstr("lost 5 times in a row without one answer (reset)"),
                            HasSubstr("client_max_body_size"))));
  proxy.join();
  EXPECT_EQ(client_->samples_in_flight(), 0);
  teacher_.Release();
  const auto answers = FetchTargets(*client_, {{NumberedSamples(0, 103)}}, {});
  ASSERT_THAT(answers, IsOk());
  EXPECT_EQ(Joined(*answers), NumberedLogits(0, 103));
  EXPECT_EQ(client_->stats().fruitless_losses, 0);
}

}  // namespace
}  // namespace distill::testing
