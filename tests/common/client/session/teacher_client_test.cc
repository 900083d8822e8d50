#include "common/client/session/teacher_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>

#include "tests/common/client/session/client_fixture.h"
#include "tests/testing/status_matchers.h"

namespace distill::testing {
namespace {

using ::testing::HasSubstr;

class TeacherClientTest : public ClientTest {};

TEST_F(TeacherClientTest, EveryRequestGetsItsOwnAnswer) {
  Connect();
  for (int i = 0; i < 20; ++i) ASSERT_THAT(Send(100 * i, i + 1), IsOk());
  for (int i = 0; i < 20; ++i) ExpectAnswered(100 * i, i + 1);
  EXPECT_EQ(client_->samples_in_flight(), 0);
}

TEST_F(TeacherClientTest, AnswersMayComeInAnyOrder) {
  Connect();
  teacher_.HoldAnswers();
  for (int i = 0; i < 5; ++i) ASSERT_THAT(Send(100 * i, i + 1), IsOk());
  teacher_.WaitForRequests(5);
  EXPECT_EQ(client_->samples_in_flight(), 15);
  teacher_.Release(ReleaseOrder::kReversed);
  for (int i = 0; i < 5; ++i) ExpectAnswered(100 * i, i + 1);
}

TEST_F(TeacherClientTest, CompactAnswersAreDecodedByTheirSpec) {
  TeacherClientOptions options = ClientOptions(teacher_.address());
  options.spec.encoding = TargetEncoding::kDenseF16;
  Connect(options);
  ASSERT_THAT(Send(0, 50), IsOk());
  ExpectAnswered(0, 50);
}

TEST_F(TeacherClientTest, IdsIncreaseAndTheRequestArrivesAsItWasSent) {
  Connect();
  uint64_t last = 0;
  for (int i = 0; i < 3; ++i) {
    const auto id = client_->Send({.inputs = {NumberedSamples(0, 6)},
                                   .temperature = 2.5f,
                                   .seed = 77,
                                   .timeout = absl::Milliseconds(1500)},
                                  answers_.Callback(i));
    ASSERT_THAT(id, IsOk());
    EXPECT_GT(*id, last);
    last = *id;
  }
  teacher_.WaitForRequests(3);
  const auto seen = teacher_.requests().at(2);
  EXPECT_EQ(seen.id, last);
  EXPECT_EQ(seen.samples, 6);
  EXPECT_EQ(seen.temperature, 2.5f);
  EXPECT_EQ(seen.seed, 77u);
  EXPECT_EQ(seen.timeout_us, 1'500'000);
  EXPECT_EQ(seen.payload_bytes, 24);
}

TEST_F(TeacherClientTest, CallbacksComeFromAnotherThread) {
  Connect();
  std::thread::id thread;
  ASSERT_THAT(client_->Send({.inputs = {NumberedSamples(0, 1)}},
                            [&, done = answers_.Callback(0)](absl::StatusOr<SoftTargets> a) {
                              thread = std::this_thread::get_id();
                              done(std::move(a));
                            }),
              IsOk());
  ASSERT_THAT(answers_.Wait(0), IsOk());
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST_F(TeacherClientTest, RequestsThatTheTeacherCannotTakeAreRefusedAtOnce) {
  FakeTeacherOptions options;
  options.limits = {.credits = 8, .max_request_samples = 8, .max_message_bytes = 1 << 20};
  teacher_.SetOptions(options);
  Connect();
  EXPECT_THAT(Send(0, 9), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("at most 8")));
  const HostTensor wrong = {DType::kUint8, {1, 5}, Bytes::FromString("12345")};
  EXPECT_THAT(client_->Send({.inputs = {wrong}}, answers_.Callback(1)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(answers_.calls(0) + answers_.calls(1), 0);
}

TEST_F(TeacherClientTest, StatsCountAnswersAndBytes) {
  Connect();
  ASSERT_THAT(Send(0, 5), IsOk());
  ExpectAnswered(0, 5);
  ASSERT_THAT(Send(10, 2), IsOk());
  ExpectAnswered(10, 2);
  const ClientStats stats = client_->stats();
  EXPECT_EQ(stats.answers, 2);
  EXPECT_EQ(stats.samples_answered, 7);
  EXPECT_GT(stats.bytes_sent, 7 * 4);
  EXPECT_LT(stats.bytes_sent, 7 * 4 + 200);
  EXPECT_GT(stats.bytes_received, 7 * 12);
  EXPECT_LT(stats.bytes_received, 7 * 12 + 200);
  EXPECT_EQ(stats.reconnects, 0);
  EXPECT_EQ(stats.losses, 0);
}

TEST_F(TeacherClientTest, StopCancelsWhatIsOutstandingBeforeItReturns) {
  Connect();
  teacher_.HoldAnswers();
  ASSERT_THAT(Send(0, 5), IsOk());
  teacher_.WaitForRequests(1);
  client_->Stop();
  EXPECT_EQ(answers_.calls(0), 1);
  EXPECT_THAT(answers_.Wait(0), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(Send(10, 1), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(client_->state(), TeacherState::kStopped);
  client_->Stop();
}

TEST_F(TeacherClientTest, LargeRequestsAndAnswersTravelWhole) {
  FakeTeacherOptions options;
  options.model.inputs = {{"x", DType::kUint8, {100'000}}};
  options.model.classes = 20'000;
  teacher_.SetOptions(options);
  Connect();
  std::string bytes(1'000'000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 >> 3);
  const HostTensor inputs = {DType::kUint8, {10, 100'000}, Bytes::FromString(bytes)};
  ASSERT_THAT(client_->Send({.inputs = {inputs}, .rows = 10}, answers_.Callback(0)), IsOk());
  const auto answer = answers_.Wait(0);
  ASSERT_THAT(answer, IsOk());
  const std::vector<float> logits = DecodeFakeLogits(*answer);
  ASSERT_EQ(logits.size(), 200'000u);
  const auto* last = reinterpret_cast<const uint8_t*>(bytes.data()) + 900'000;
  EXPECT_EQ(std::vector<float>(logits.end() - 20'000, logits.end()),
            FakeLogits({last, 100'000}, 20'000));
}

}  // namespace
}  // namespace distill::testing
