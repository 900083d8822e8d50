#include "common/client/stream/teacher_channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>
#include <string>

#include "absl/time/clock.h"
#include "tests/testing/delay_proxy.h"
#include "tests/testing/fake_teacher/fake_teacher.h"
#include "tests/testing/status_matchers.h"

namespace distill::testing {
namespace {

TEST(MayBeTunnelTest, IsATcpAddressOfThisMachine) {
  EXPECT_TRUE(MayBeTunnel({.target = "127.0.0.1:50051"}));
  EXPECT_TRUE(MayBeTunnel({.target = "localhost:50051"}));
  EXPECT_TRUE(MayBeTunnel({.target = "[::1]:50051"}));
  for (const char* other : {"gpu:50051", "unix:/tmp/socket", "10.0.0.1:1", "ipv4:10.0.0.1:1"}) {
    EXPECT_FALSE(MayBeTunnel({.target = other})) << other;
  }
}

absl::StatusOr<bool> IsLong(const std::string& address, std::stop_token stop = {}) {
  return IsLongLine({.target = address}, ReadClientCredentials({}).value(),
                    absl::Now() + absl::Seconds(30), stop);
}

TEST(IsLongLineTest, ATunnelIsAsLongAsItsLine) {
  FakeTeacher teacher({.host = "127.0.0.1"});
  teacher.Start();
  const auto proxy = DelayProxy::Start(teacher.port(), absl::Milliseconds(10));
  ASSERT_THAT(proxy, IsOk());
  EXPECT_EQ(IsLong((*proxy)->address()).value(), true);
}

TEST(IsLongLineTest, NobodyThereIsUnavailable) {
  FakeTeacher teacher({.host = "127.0.0.1"});
  teacher.Start();
  const std::string address = teacher.address();
  teacher.Kill();
  EXPECT_THAT(IsLong(address), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(IsLongLineTest, AStopEndsIt) {
  FakeTeacher teacher({.host = "127.0.0.1"});
  teacher.Start();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(IsLong(teacher.address(), stop.get_token()), StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace distill::testing
