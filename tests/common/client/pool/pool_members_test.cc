#include "common/client/pool/pool_members.h"

#include <gtest/gtest.h>

namespace distill {
namespace {

class PoolMembersTest : public ::testing::Test {
 protected:
  PoolMember& Add(size_t address, int64_t outstanding, int64_t asked) {
    PoolMember& member = members_.Add(address, "", "");
    member.admitted = true;
    member.state = TeacherState::kConnected;
    member.credits = 10;
    member.outstanding = outstanding;
    member.asked = asked;
    return member;
  }

  PoolMembers members_;
};

TEST_F(PoolMembersTest, WhoOwesTheFewestSamplesIsAskedThenWhoWasAskedForTheFewest) {
  PoolMember& first = Add(0, 3, 100);
  PoolMember& second = Add(1, 2, 200);
  PoolMember& third = Add(2, 2, 150);
  EXPECT_EQ(members_.LeastOutstanding(1), &third);
  third.outstanding = 5;
  EXPECT_EQ(members_.LeastOutstanding(1), &second);
  second.outstanding = 5;
  EXPECT_EQ(members_.LeastOutstanding(1), &first);
}

TEST_F(PoolMembersTest, NobodyIsAskedBeyondItsOwnCredits) {
  PoolMember& small = Add(0, 2, 0);
  PoolMember& large = Add(1, 8, 0);
  small.credits = 5;
  large.credits = 20;
  EXPECT_EQ(members_.LeastOutstanding(3), &small);
  EXPECT_EQ(members_.LeastOutstanding(4), &large);
  EXPECT_EQ(members_.LeastOutstanding(13), nullptr);
  EXPECT_EQ(members_.credits(), 25);
}

TEST_F(PoolMembersTest, OnlyWhoIsAdmittedAndConnectedIsAsked) {
  PoolMember& member = Add(0, 0, 0);
  for (const TeacherState state :
       {TeacherState::kDraining, TeacherState::kLost, TeacherState::kFailed}) {
    member.state = state;
    EXPECT_EQ(members_.LeastOutstanding(1), nullptr);
    EXPECT_EQ(members_.AnyConnected(), state != TeacherState::kLost);
  }
  member.state = TeacherState::kConnected;
  EXPECT_EQ(members_.LeastOutstanding(1), &member);
  member.admitted = false;
  EXPECT_EQ(members_.LeastOutstanding(1), nullptr);
  EXPECT_FALSE(members_.AnyConnected());
}

TEST_F(PoolMembersTest, MembersStandInTheOrderOfTheirAddresses) {
  PoolMember& last = Add(2, 0, 0);
  PoolMember& first = Add(0, 0, 0);
  PoolMember& later = Add(0, 0, 0);
  EXPECT_EQ(members_.present()[0].get(), &first);
  EXPECT_EQ(members_.present()[1].get(), &later);
  EXPECT_EQ(members_.present()[2].get(), &last);
}

}  // namespace
}  // namespace distill
