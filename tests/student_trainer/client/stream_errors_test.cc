#include "student_trainer/client/stream_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(StreamErrorsTest, BrokenConnectionsAndDrainedServersAreLosses) {
  EXPECT_TRUE(IsLoss(absl::OkStatus()));
  EXPECT_TRUE(IsLoss(absl::UnavailableError("Socket closed")));
  EXPECT_TRUE(IsLoss(absl::DeadlineExceededError("")));
  EXPECT_TRUE(IsLoss(absl::CancelledError("")));
  EXPECT_TRUE(IsLoss(absl::InternalError("Received RST_STREAM with error code 2")));
  EXPECT_TRUE(IsLoss(absl::UnknownError("Stream removed")));
}

TEST(StreamErrorsTest, TheServersOwnRefusalsAreNoLosses) {
  EXPECT_FALSE(IsLoss(absl::InternalError("bug")));
  EXPECT_FALSE(IsLoss(absl::UnknownError("bug")));
  EXPECT_FALSE(IsLoss(absl::InvalidArgumentError("")));
  EXPECT_FALSE(IsLoss(absl::ResourceExhaustedError("")));
  EXPECT_FALSE(IsLoss(absl::FailedPreconditionError("")));
}

TEST(StreamErrorsTest, AServerThatIsNoTeacherIsNotTriedAgain) {
  const absl::Status cases[] = {
      absl::OkStatus(),
      absl::UnimplementedError(""),
      absl::UnimplementedError("unknown service distill.v1.Teacher"),
      absl::UnimplementedError("Method not found!"),
      absl::UnavailableError("last error: Trying to connect an http1.x server"),
      absl::UnavailableError("Received http2 header with status: 503"),
  };
  for (const absl::Status& end : cases) {
    EXPECT_FALSE(IsRetryableOpen(end)) << end;
    EXPECT_THAT(DescribeOpenFailure("host:1", end),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("host:1 is not a teacher server: ")))
        << end;
  }
}

TEST(StreamErrorsTest, ARefusalKeepsTheServersCodeAndWords) {
  const absl::Status refusal = absl::UnimplementedError("encoding top_k: granted are f32, f16");
  EXPECT_FALSE(IsRetryableOpen(refusal));
  EXPECT_THAT(DescribeOpenFailure("host:1", refusal),
              StatusIs(absl::StatusCode::kUnimplemented,
                       AllOf(HasSubstr("host:1"), HasSubstr(std::string(refusal.message())))));
}

TEST(StreamErrorsTest, AnUnreachableServerIsTriedAgain) {
  const absl::Status end = absl::UnavailableError("Connection refused");
  EXPECT_TRUE(IsRetryableOpen(end));
  EXPECT_THAT(DescribeOpenFailure("host:1", end),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("cannot reach a teacher at host:1: Connection refused")));
}

}  // namespace
}  // namespace distill
