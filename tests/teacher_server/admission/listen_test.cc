#include "teacher_server/admission/listen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/base/file_descriptor.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(ListenTest, APortThatIsInUseIsNamedAsThat) {
  const FileDescriptor taken(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(any);
  ASSERT_EQ(::bind(taken.get(), reinterpret_cast<sockaddr*>(&any), size), 0);
  ASSERT_EQ(::listen(taken.get(), 1), 0);
  ASSERT_EQ(::getsockname(taken.get(), reinterpret_cast<sockaddr*>(&any), &size), 0);
  const Address address{.host = "127.0.0.1", .port = ntohs(any.sin_port)};
  EXPECT_THAT(WhyNotListening(address),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(address.ToString()), HasSubstr("address in use"))));
}

TEST(ListenTest, AnAddressOfAnotherMachineHasTheSystemsReason) {
  EXPECT_THAT(WhyNotListening({.host = "192.0.2.1", .port = 4000}),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("192.0.2.1:4000"), HasSubstr("Cannot assign"))));
}

TEST(ListenTest, AFreePortIsNotToBlame) {
  EXPECT_THAT(WhyNotListening({.host = "127.0.0.1", .port = 0}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("gRPC")));
}

TEST(ListenTest, ASocketIsNamedByItsPath) {
  EXPECT_THAT(WhyNotListening({.kind = Address::Kind::kUnix, .path = "/none/teacher.sock"}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("unix:/none/teacher.sock")));
}

}  // namespace
}  // namespace distill
