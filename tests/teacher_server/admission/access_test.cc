#include "teacher_server/admission/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "common/base/files.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::distill::testing::ErrorIs;
using ::distill::testing::FakeClock;
using ::distill::testing::IsOk;
using ::distill::testing::TempDir;
using ::testing::HasSubstr;

constexpr char kAliceHeader[] = "Bearer alice-alice-alice-1";
constexpr char kBobHeader[] = "Bearer bob-bob-bob-bob-bob-1";

class AccessTest : public ::testing::Test {
 protected:
  std::unique_ptr<Tokens> ReadTokens() {
    EXPECT_THAT(WriteFileAtomically(dir_ / "tokens",
                                    "alice alice-alice-alice-1 1\nbob bob-bob-bob-bob-bob-1\n"),
                IsOk());
    auto tokens = Tokens::Open(dir_ / "tokens", /*default_max_streams=*/2, clock_);
    EXPECT_THAT(tokens, IsOk());
    return *std::move(tokens);
  }

  const TempDir dir_;
  FakeClock clock_;
};

TEST_F(AccessTest, WithoutTokensOnlyTheServersLimitCounts) {
  Access access(2, nullptr);
  auto first = access.Admit({});
  const auto second = access.Admit({.authorization = "whatever"});
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ((*first)->token(), "");
  EXPECT_THAT(access.Admit({}),
              ErrorIs(absl::StatusCode::kResourceExhausted, HasSubstr("all 2 streams")));
  first->reset();
  EXPECT_THAT(access.Admit({}), IsOk());
}

TEST_F(AccessTest, EachTokenHasALimitOfItsOwn) {
  Access access(10, ReadTokens());
  auto alice = access.Admit({.authorization = kAliceHeader});
  ASSERT_THAT(alice, IsOk());
  EXPECT_EQ((*alice)->token(), "alice");
  EXPECT_THAT(access.Admit({.authorization = kAliceHeader}),
              ErrorIs(absl::StatusCode::kResourceExhausted, HasSubstr("'alice'")));
  const auto first_of_bob = access.Admit({.authorization = kBobHeader});
  const auto second_of_bob = access.Admit({.authorization = kBobHeader});
  EXPECT_THAT(first_of_bob, IsOk());
  EXPECT_THAT(second_of_bob, IsOk());
  alice->reset();
  EXPECT_THAT(access.Admit({.authorization = kAliceHeader}), IsOk());
}

TEST_F(AccessTest, AStrangerIsUnauthenticatedAndTakesNoPlace) {
  Access access(1, ReadTokens());
  EXPECT_THAT(access.Admit({}), ErrorIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(access.Authenticate({.authorization = "Bearer wrong-wrong-wrong-1"}),
              ErrorIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(access.Admit({.authorization = kAliceHeader}), IsOk());
}

TEST_F(AccessTest, ALocalCallerNeedsNoTokenButAWrongOneIsRefused) {
  Access access(5, ReadTokens());
  EXPECT_THAT(access.Admit({.local = true}), IsOk());
  EXPECT_EQ(*access.Authenticate({.local = true, .authorization = kBobHeader}), "bob");
  EXPECT_THAT(access.Admit({.local = true, .authorization = "Bearer wrong-wrong-wrong-1"}),
              ErrorIs(absl::StatusCode::kUnauthenticated));
}

}  // namespace
}  // namespace distill
