#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/teacher_server/server/serving_fixture.h"
#include "tests/testing/await.h"

namespace distill {
namespace {

using ::distill::testing::Await;
using ::distill::testing::ClientStream;
using ::distill::testing::IsOk;
using ::distill::testing::RequestMessage;
using ::distill::testing::ServingTest;
using ::distill::testing::StatusIs;
using ::testing::HasSubstr;

class DrainTest : public ServingTest {
 protected:
  grpc::Status GetModel() {
    grpc::ClientContext context;
    v1::GetModelResponse response;
    return v1::Teacher::NewStub(channel_)->GetModel(&context, {}, &response);
  }
};

TEST_F(DrainTest, FinishesWhatItTookRefusesTheRestAndEndsOk) {
  runner_.Hold();
  StartServer();
  ClientStream stream(channel_);
  stream.Open();
  stream.Send(RequestMessage(1, 3));
  runner_.WaitForBatches(1);
  absl::Status drained;
  std::thread drain([&] { drained = server_->Drain(absl::Minutes(1)); });

  EXPECT_TRUE(stream.Receive()->has_draining());
  stream.Send(RequestMessage(2));
  const auto refused = stream.Receive();
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->error().id(), 2u);
  EXPECT_EQ(refused->error().code(), grpc::UNAVAILABLE);
  EXPECT_EQ(refused->error().reason(), v1::REASON_DRAINING);
  EXPECT_EQ(GetModel().error_code(), grpc::UNAVAILABLE);
  EXPECT_EQ(ClientStream(channel_).Finish().error_code(), grpc::UNAVAILABLE);

  runner_.Release();
  const auto answered = stream.Receive();
  ASSERT_TRUE(answered.has_value());
  EXPECT_EQ(answered->targets().id(), 1u);
  EXPECT_TRUE(stream.Finish().ok());
  drain.join();
  EXPECT_THAT(drained, IsOk());
  const ServedCounts counts = metrics_.counts();
  EXPECT_EQ(counts.samples_served, 3);
  EXPECT_EQ(counts.requests_ok, 1);
  EXPECT_EQ(counts.requests_failed, 1);
  EXPECT_EQ(counts.requests_dropped, 0);
  EXPECT_EQ(counts.streams, 1);
}

TEST_F(DrainTest, IdleStreamsAreToldAndEndOk) {
  StartServer();
  ClientStream first(channel_);
  ClientStream second(channel_);
  first.Open();
  second.Open();
  ASSERT_THAT(server_->Drain(absl::Minutes(1)), IsOk());
  for (ClientStream* stream : {&first, &second}) {
    EXPECT_TRUE(stream->Receive()->has_draining());
    EXPECT_TRUE(stream->Finish().ok());
  }
}

TEST_F(DrainTest, AStreamThatWasNotOpenedEndsUnavailable) {
  StartServer();
  ClientStream opened(channel_);
  opened.Open();
  ClientStream silent(channel_);
  // Both travel on one connection, in order: when this is answered the silent one has been taken.
  opened.Send(RequestMessage(1));
  ASSERT_TRUE(opened.Receive().has_value());
  ASSERT_THAT(server_->Drain(absl::Minutes(1)), IsOk());
  EXPECT_EQ(silent.Finish().error_code(), grpc::UNAVAILABLE);
}

TEST_F(DrainTest, StreamsThatDoNotFinishInTimeAreCancelled) {
  runner_.Hold();
  StartServer();
  ClientStream stream(channel_);
  stream.Open();
  stream.Send(RequestMessage(1));
  runner_.WaitForBatches(1);
  EXPECT_THAT(server_->Drain(absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("1 streams")));
  EXPECT_FALSE(stream.Finish().ok());
  EXPECT_EQ(metrics_.counts().requests_dropped, 1);
  // The answer comes when the stream is long gone.
  server_.reset();
  runner_.Release();
  batcher_->Drain();
}

TEST_F(DrainTest, HalfCloseFinishesWhatIsInFlightAndEndsOk) {
  runner_.Hold();
  StartServer();
  ClientStream stream(channel_);
  stream.Open();
  for (uint64_t id = 1; id <= 5; ++id) stream.Send(RequestMessage(id, 2));
  stream.HalfClose();
  runner_.WaitForBatches(1);
  runner_.Release();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(stream.Receive()->has_targets());
  EXPECT_TRUE(stream.Finish().ok());
  ASSERT_THAT(server_->Drain(absl::Minutes(1)), IsOk());
  EXPECT_EQ(metrics_.counts().samples_served, 10);
}

TEST_F(DrainTest, ACancelledStreamDropsItsWorkAndTheServerServesOn) {
  runner_.Hold();
  StartServer();
  {
    ClientStream stream(channel_);
    stream.Open();
    stream.Send(RequestMessage(1));
    runner_.WaitForBatches(1);
    stream.Send(RequestMessage(2));
    stream.Cancel();
    EXPECT_EQ(stream.Finish().error_code(), grpc::CANCELLED);
  }
  // The client knows of its cancellation before the server does: an answer that is released sooner
  // may still be written.
  Await([&] { return metrics_.counts().requests_dropped > 0; }, "the server drops the requests");
  runner_.Release();
  ExpectServes();
  ASSERT_THAT(server_->Drain(absl::Minutes(1)), IsOk());
  EXPECT_GE(metrics_.counts().requests_dropped, 1);
  EXPECT_EQ(metrics_.counts().requests_ok, 1);
}

}  // namespace
}  // namespace distill
