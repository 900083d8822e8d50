#include "common/client/stream/stream_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::ErrorIs;
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
  EXPECT_FALSE(IsLoss(absl::UnauthenticatedError("the token is not known")));
  EXPECT_FALSE(IsLoss(absl::PermissionDeniedError("")));
}

TEST(StreamErrorsTest, AServerThatIsNoTeacherIsNotTriedAgain) {
  const absl::Status cases[] = {
      absl::OkStatus(),
      absl::UnimplementedError(""),
      absl::UnimplementedError("unknown service distill.v1.Teacher"),
      absl::UnimplementedError("Method not found!"),
      absl::UnavailableError("last error: Trying to connect an http1.x server"),
      absl::UnavailableError("Received http2 header with status: 405"),
  };
  for (const absl::Status& end : cases) {
    EXPECT_FALSE(IsRetryableOpen(end)) << end;
    EXPECT_THAT(DescribeOpenFailure("host:1", {}, end),
                ErrorIs(absl::StatusCode::kFailedPrecondition,
                        HasSubstr("host:1 is not a teacher server: ")))
        << end;
  }
}

TEST(StreamErrorsTest, ARefusalKeepsTheServersCodeAndWords) {
  const absl::Status refusal = absl::UnimplementedError("encoding top_k: granted are f32, f16");
  EXPECT_FALSE(IsRetryableOpen(refusal));
  EXPECT_THAT(DescribeOpenFailure("host:1", {}, refusal),
              ErrorIs(absl::StatusCode::kUnimplemented,
                      AllOf(HasSubstr("host:1"), HasSubstr(std::string(refusal.message())))));
}

TEST(StreamErrorsTest, AnUnreachableServerIsTriedAgain) {
  const absl::Status end = absl::UnavailableError("Connection refused");
  EXPECT_TRUE(IsRetryableOpen(end));
  EXPECT_THAT(DescribeOpenFailure("host:1", {}, end),
              ErrorIs(absl::StatusCode::kUnavailable,
                      HasSubstr("cannot reach a teacher at host:1: Connection refused")));
}

TEST(StreamErrorsTest, AProxyWhoseServerIsNotUpIsTriedAgain) {
  for (const char* const status : {"502", "503", "504"}) {
    const absl::Status end =
        absl::UnknownError(absl::StrCat("Received http2 header with status: ", status));
    EXPECT_TRUE(IsRetryableOpen(end)) << end;
    EXPECT_THAT(DescribeOpenFailure("host:1", {}, end),
                ErrorIs(absl::StatusCode::kUnavailable,
                        AllOf(HasSubstr("cannot reach a teacher at host:1"), HasSubstr(status),
                              HasSubstr("a proxy answers"))));
  }
}

TEST(StreamErrorsTest, ATlsHandshakeThatFailsIsToldAtFirstAndALossLater) {
  for (const char* message : {"Ssl handshake failed: SSL_ERROR_SSL: error:0A000086:SSL "
                              "routines::certificate verify failed",
                              "Peer name gpu is not in peer certificate"}) {
    const absl::Status end = absl::UnavailableError(message);
    EXPECT_FALSE(IsRetryableOpen(end)) << end;
    EXPECT_TRUE(IsLoss(end)) << end;
    EXPECT_THAT(
        DescribeOpenFailure("host:1", {.tls = true}, end),
        ErrorIs(absl::StatusCode::kUnavailable,
                AllOf(HasSubstr("at host:1: the TLS handshake failed: "), HasSubstr(message))));
  }
}

TEST(StreamErrorsTest, ASocketThatIsNotThisUsersNamesTheOption) {
  const absl::Status end = absl::UnavailableError("unix:/x/t.sock: Permission denied");
  EXPECT_THAT(DescribeOpenFailure("unix:/x/t.sock", {}, end),
              ErrorIs(absl::StatusCode::kUnavailable,
                      AllOf(HasSubstr("Permission denied"), HasSubstr("`socket_mode`"))));
}

TEST(StreamErrorsTest, AClosedConnectionSaysWhatMayBeMissing) {
  const absl::Status end = absl::UnavailableError("Socket closed");
  const auto describes = [&end](const ClientSecurity& security, const char* hint) {
    EXPECT_THAT(DescribeOpenFailure("host:1", security, end),
                ErrorIs(absl::StatusCode::kUnavailable, HasSubstr(hint)));
  };
  EXPECT_TRUE(IsRetryableOpen(end));
  describes({},
            "Socket closed; a server that wants TLS closes connections without it: set `tls_ca`");
  describes({.tls = true}, "a server that wants client certificates");
  describes({.certificate = "c", .key = "k"}, "it does not trust");
}

}  // namespace
}  // namespace distill
