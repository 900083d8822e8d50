#include "teacher_server/stream/stream_account.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "tests/teacher_server/metrics/metric_samples.h"

namespace distill {
namespace {

using ::distill::testing::Samples;
using ::testing::AllOf;
using ::testing::HasSubstr;
using OutgoingKind = StreamSession::Outgoing::Kind;

StreamSession::Outgoing AccountFrame(OutgoingKind kind, size_t bytes) {
  const grpc::Slice slice(std::string(bytes, 'x'));
  return {.kind = kind, .frame = grpc::ByteBuffer(&slice, 1)};
}

class StreamAccountTest : public ::testing::Test {
 protected:
  void Open() {
    account_.Opened({.info = {.name = "vgg"}}, {.client = "resnet run", .outputs = {{}}});
  }

  void WriteTargets(int64_t samples, size_t bytes) {
    StreamSession::Outgoing targets = AccountFrame(OutgoingKind::kTargets, bytes);
    targets.samples = samples;
    account_.Written(targets);
  }
  void WriteError(absl::Status error) {
    StreamSession::Outgoing frame = AccountFrame(OutgoingKind::kError, 10);
    frame.error = std::move(error);
    account_.Written(frame);
  }

  // What is logged when the stream ends.
  std::string End(const absl::Status& status, int64_t dropped = 0) {
    ::testing::internal::CaptureStderr();
    account_.Ended(status, dropped);
    return ::testing::internal::GetCapturedStderr();
  }

  double Metric(const std::string& name) const { return Samples(metrics_).at(name); }
  double RejectedFor(const std::string& reason, const std::string& model = "vgg") const {
    return Metric("distill_rejected_total{model=\"" + model + "\",reason=\"" + reason + "\"}");
  }

  const std::string name_ = "vgg";
  Metrics metrics_{absl::MakeConstSpan(&name_, 1)};
  StreamAccount account_{7, "ci", metrics_};
};

TEST_F(StreamAccountTest, WhatWasWrittenIsCountedByItsKind) {
  Open();
  account_.Written(AccountFrame(OutgoingKind::kControl, 100));
  WriteTargets(32, 1000);
  WriteTargets(8, 300);
  WriteError(absl::InvalidArgumentError("not finite"));
  const ServedCounts counts = metrics_.counts();
  EXPECT_EQ(counts.requests_ok, 2);
  EXPECT_EQ(counts.samples_served, 40);
  EXPECT_EQ(counts.requests_failed, 1);
  EXPECT_EQ(counts.bytes_out, 1410);
  EXPECT_EQ(Metric(R"(distill_samples_total{model="vgg"})"), 40);
  EXPECT_EQ(Metric(R"(distill_sent_bytes_total{model="vgg"})"), 1410);
}

TEST_F(StreamAccountTest, AMessageBeforeTheOpenIsLoggedOnly) {
  account_.Received(50);
  Open();
  account_.Received(70);
  EXPECT_EQ(metrics_.counts().bytes_in, 70);
  EXPECT_THAT(End(absl::OkStatus()), HasSubstr("bytes_in=120"));
}

TEST_F(StreamAccountTest, AnErrorIsRejectedForItsReason) {
  Open();
  WriteError(absl::DeadlineExceededError(""));
  WriteError(absl::ResourceExhaustedError(""));
  WriteError(absl::UnavailableError(""));
  WriteError(absl::InternalError(""));
  WriteError(absl::InvalidArgumentError(""));
  for (const char* reason : {"expired", "too_large", "draining", "internal", "bad_request"}) {
    EXPECT_EQ(RejectedFor(reason), 1) << reason;
  }
}

TEST_F(StreamAccountTest, TheEndIsOneLineThatSumsTheStreamUp) {
  Open();
  account_.Received(500);
  WriteTargets(32, 1000);
  const std::string line = End(absl::OkStatus());
  EXPECT_THAT(
      line, AllOf(HasSubstr("stream=7"), HasSubstr("client=\"resnet run\""), HasSubstr("token=ci"),
                  HasSubstr("requests_ok=1"), HasSubstr("samples=32"), HasSubstr("bytes_in=500"),
                  HasSubstr("bytes_out=1000")));
  EXPECT_EQ(Metric(R"(distill_streams_open{model="vgg"})"), 0);
  EXPECT_EQ(Metric(R"(distill_streams_total{model="vgg",token="ci"})"), 1);
}

TEST_F(StreamAccountTest, AnEndThatTheServerMadeIsARejectionAndOthersAreNot) {
  Open();
  End(absl::CancelledError("the stream was cancelled"), /*dropped=*/3);
  EXPECT_EQ(metrics_.counts().requests_dropped, 3);
  EXPECT_EQ(RejectedFor("bad_message"), 0);

  StreamAccount wrong(8, "", metrics_);
  wrong.Opened({.info = {.name = "vgg"}}, {.outputs = {{}}});
  wrong.Ended(absl::InvalidArgumentError("a second open"), 0);
  EXPECT_EQ(RejectedFor("bad_message"), 1);

  StreamAccount never_opened(9, "", metrics_);
  never_opened.Ended(absl::InvalidArgumentError("an encoding that is not granted"), 0);
  EXPECT_EQ(RejectedFor("bad_open", ""), 1);
}

}  // namespace
}  // namespace distill
