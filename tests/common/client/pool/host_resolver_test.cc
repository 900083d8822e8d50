#include "common/client/pool/host_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace distill::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(HostResolverTest, TheSystemKnowsThisMachine) {
  const auto addresses = ResolveHost("localhost");
  ASSERT_THAT(addresses, IsOk());
  EXPECT_THAT(*addresses, Contains("127.0.0.1"));
}

TEST(HostResolverTest, ANameThatNobodyHasIsNamed) {
  // No name can have a label of 64 characters, so no server is asked for it.
  const std::string host = std::string(64, 'x') + ".invalid";
  EXPECT_THAT(ResolveHost(host), ErrorIs(absl::StatusCode::kUnavailable, HasSubstr(host)));
}

TEST(HostResolverTest, AServerWithAnAddressOfEachFamilyCountsOnce) {
  EXPECT_THAT(OneAddressAServer({"10.0.0.2", "fd00::2", "10.0.0.1", "fd00::1"}),
              ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_THAT(OneAddressAServer({"fd00::2", "fd00::1", "10.0.0.2", "10.0.0.1"}),
              ElementsAre("fd00::1", "fd00::2"));
  EXPECT_THAT(OneAddressAServer({"10.0.0.1", "fd00::2", "fd00::1"}),
              ElementsAre("fd00::1", "fd00::2"));
  EXPECT_THAT(OneAddressAServer({"10.0.0.1", "10.0.0.1"}), ElementsAre("10.0.0.1"));
  EXPECT_THAT(OneAddressAServer({}), IsEmpty());
}

TEST(OtherFamilyTest, IsThatOfTheAddressesThatWereNotTaken) {
  EXPECT_THAT(OtherFamily({"10.0.0.1", "fd00::2", "fd00::1"}), ElementsAre("10.0.0.1"));
  EXPECT_THAT(OtherFamily({"10.0.0.1", "fd00::1"}), ElementsAre("fd00::1"));
  EXPECT_THAT(OtherFamily({"10.0.0.2", "10.0.0.1"}), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_THAT(OtherFamily({}), IsEmpty());
}

}  // namespace
}  // namespace distill::testing
