#include "teacher_server/server/teacher_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/teacher_server/server/service_fixture.h"
#include "tests/testing/await.h"

namespace distill {
namespace {

using ::distill::testing::Await;
using ::distill::testing::ClientStream;
using ::distill::testing::kPatience;
using ::distill::testing::RequestMessage;
using ::distill::testing::ServiceTest;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TeacherServiceTest : public ServiceTest {
 protected:
  grpc::Status GetModel(const std::string& name, v1::GetModelResponse* response) {
    grpc::ClientContext context;
    v1::GetModelRequest request;
    request.set_model(name);
    return v1::Teacher::NewStub(channel_)->GetModel(&context, request, response);
  }
};

TEST_F(TeacherServiceTest, GetModelSaysWhatIsServed) {
  StartService();
  v1::GetModelResponse response;
  ASSERT_TRUE(GetModel("", &response).ok());
  EXPECT_EQ(response.model().name(), "fake");
  EXPECT_EQ(response.model().classes(), 3);
  EXPECT_EQ(response.model().inputs(0).name(), "image");
  EXPECT_EQ(response.numerics().fixed_batch_size(), 8);
  EXPECT_EQ(response.limits().credits(), limits_.credits);
  EXPECT_THAT(response.encodings(), Contains(v1::TARGET_ENCODING_DENSE_F16));
  EXPECT_THAT(response.served(), ElementsAre("fake"));
}

TEST_F(TeacherServiceTest, GetModelOfAnotherNameIsNotFound) {
  StartService();
  v1::GetModelResponse response;
  const grpc::Status status = GetModel("other", &response);
  EXPECT_EQ(status.error_code(), grpc::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("'fake'"));
}

TEST_F(TeacherServiceTest, MoreStreamsThanAllowedAreRefusedUntilOneEnds) {
  StartService();
  ClientStream first(channel_);
  ClientStream second(channel_);
  first.Open();
  second.Open();
  EXPECT_EQ(ClientStream(channel_).Finish().error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("distill_rejected_total{model=\"\",reason=\"too_many_streams\"} 1"));
  first.HalfClose();
  EXPECT_TRUE(first.Finish().ok());
  // A stream's place is free when gRPC is done with it, a moment after its client saw the end.
  grpc::Status status;
  const auto has_place = [&] {
    ClientStream next(channel_);
    next.HalfClose();
    status = next.Finish();
    return status.error_code() != grpc::RESOURCE_EXHAUSTED;
  };
  Await(has_place, "another stream is taken");
  EXPECT_TRUE(status.ok());
  second.HalfClose();
  EXPECT_TRUE(second.Finish().ok());
}

TEST_F(TeacherServiceTest, ADrainIsWaitedForUntilTheLastStreamIsAnswered) {
  runner_.Hold();
  StartService();
  ClientStream stream(channel_);
  stream.Open();
  stream.Send(RequestMessage(1));
  runner_.WaitForBatches(1);
  service_->BeginDrain();
  EXPECT_TRUE(stream.Receive()->has_draining());
  EXPECT_EQ(service_->WaitForStreams(absl::InfinitePast()), 1);
  runner_.Release();
  EXPECT_TRUE(stream.Receive()->has_targets());
  EXPECT_TRUE(stream.Finish().ok());
  EXPECT_EQ(service_->WaitForStreams(absl::Now() + kPatience), 0);
}

TEST_F(TeacherServiceTest, AfterADrainHasBegunCallsAndStreamsAreRefused) {
  StartService();
  service_->BeginDrain();
  v1::GetModelResponse response;
  EXPECT_EQ(GetModel("", &response).error_code(), grpc::UNAVAILABLE);
  EXPECT_EQ(ClientStream(channel_).Finish().error_code(), grpc::UNAVAILABLE);
  EXPECT_EQ(metrics_.counts().streams, 0);
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("distill_rejected_total{model=\"\",reason=\"draining\"} 2"));
}

}  // namespace
}  // namespace distill
