#include "teacher_server/stream/distill_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "tests/teacher_server/server/service_fixture.h"
#include "tests/teacher_server/server/serving_fixture.h"
#include "tests/testing/await.h"

namespace distill {
namespace {

using ::distill::testing::Await;
using ::distill::testing::ClientStream;
using ::distill::testing::kPatience;
using ::distill::testing::RequestMessage;
using ::distill::testing::ServiceTest;
using ::distill::testing::ServingTest;
using ::testing::AllOf;
using ::testing::HasSubstr;

// What a stream does about a client or a server that is slow.
class BackPressureTest : public ServingTest {};

TEST_F(BackPressureTest, AClientThatNeverReadsIsNotComputedForWithoutBound) {
  constexpr uint64_t kRequests = 300;
  constexpr int64_t kSamples = 4;
  // 64 KiB per answer: the transport holds few of them.
  runner_.mutable_info().classes = 4096;
  runner_.mutable_info().class_names.clear();
  options_.limits.credits = 16;
  options_.limits.max_request_samples = kSamples;
  StartServer();

  ClientStream deaf(channel_);
  deaf.Open();
  std::thread writer([&deaf] {
    for (uint64_t id = 1; id <= kRequests; ++id) {
      if (!deaf.Send(RequestMessage(id, kSamples))) break;
    }
    deaf.HalfClose();
  });
  // Another stream is served meanwhile, over a connection of its own; the queue is fair, so the
  // deaf one's turn comes at least as often.
  constexpr int kRoundTrips = 100;
  const auto other_channel = Connect();
  ClientStream other(other_channel);
  other.Open();
  for (int i = 0; i < kRoundTrips; ++i) {
    other.Send(RequestMessage(1));
    ASSERT_TRUE(other.Receive()->has_targets());
  }
  // The credits, and a few answers that the transport may hold; of 1,200 samples sent.
  EXPECT_LE(runner_.samples() - kRoundTrips, 64);

  // Once it reads, everything is answered.
  for (uint64_t i = 0; i < kRequests; ++i) ASSERT_TRUE(deaf.Receive()->has_targets());
  writer.join();
  EXPECT_TRUE(deaf.Finish().ok());
}

TEST_F(BackPressureTest, AServerAtItsLimitDelaysStreamsAndLosesNothing) {
  constexpr uint64_t kRequests = 50;
  options_.limits.max_request_samples = 3;
  options_.max_samples = 4;
  runner_.Hold();
  StartServer();
  std::vector<std::unique_ptr<ClientStream>> streams;
  for (int i = 0; i < 4; ++i) {
    streams.push_back(std::make_unique<ClientStream>(channel_));
    streams.back()->Open();
    for (uint64_t id = 1; id <= kRequests; ++id) streams.back()->Send(RequestMessage(id, 3));
    streams.back()->HalfClose();
  }
  runner_.Release();
  for (const auto& stream : streams) {
    for (uint64_t i = 0; i < kRequests; ++i) ASSERT_TRUE(stream->Receive()->has_targets());
    EXPECT_TRUE(stream->Finish().ok());
  }
}

// The log of a stream that ends with nothing in flight.
class StreamEndTest : public ServingTest {
 protected:
  void OpenStream() {
    StartServer();
    stream_.emplace(channel_);
    stream_->Open();
    ::testing::internal::CaptureStderr();
  }

  std::string LogUntilEnded() {
    const auto ended = [this] {
      return absl::StrContains(metrics_.Text(), "distill_streams_open{model=\"fake\"} 0");
    };
    Await(ended, "the stream has ended");
    server_.reset();  // which waits until gRPC is done with it
    return ::testing::internal::GetCapturedStderr();
  }

  std::optional<ClientStream> stream_;
};

TEST_F(StreamEndTest, OfAClientThatHasGoneIsCancelled) {
  OpenStream();
  stream_->Cancel();
  EXPECT_EQ(stream_->Finish().error_code(), grpc::CANCELLED);
  EXPECT_THAT(LogUntilEnded(), AllOf(HasSubstr("stream ended"), HasSubstr("code=CANCELLED")));
}

TEST_F(StreamEndTest, OfAClientThatHasHalfClosedIsOk) {
  OpenStream();
  stream_->HalfClose();
  EXPECT_TRUE(stream_->Finish().ok());
  EXPECT_THAT(LogUntilEnded(), AllOf(HasSubstr("stream ended"), HasSubstr("code=OK")));
}

class DistillStreamTest : public ServiceTest {};

TEST_F(DistillStreamTest, AStreamThatIsNotOpenedInTimeEnds) {
  open_timeout_ = absl::Milliseconds(1);
  StartService();
  ClientStream silent(channel_);
  EXPECT_EQ(silent.Finish().error_code(), grpc::DEADLINE_EXCEEDED);
}

TEST_F(DistillStreamTest, ACancelledStreamTakesItsRequestsOutOfTheQueue) {
  runner_.Hold();
  StartService();
  ClientStream stream(channel_);
  stream.Open();
  stream.Send(RequestMessage(1));
  runner_.WaitForBatches(1);
  for (uint64_t id = 2; id <= 4; ++id) stream.Send(RequestMessage(id));
  Await([&] { return budget_->samples() == 4; }, "all requests are taken");
  stream.Cancel();
  EXPECT_EQ(stream.Finish().error_code(), grpc::CANCELLED);
  EXPECT_EQ(service_->WaitForStreams(absl::Now() + kPatience), 0);
  EXPECT_EQ(budget_->samples(), 0);
  EXPECT_EQ(metrics_.counts().requests_dropped, 4);
  runner_.Release();
  batcher_->Drain();
  EXPECT_EQ(runner_.samples(), 1);
}

}  // namespace
}  // namespace distill
