#include "teacher_server/batching/waiting_groups.h"

#include <gtest/gtest.h>

namespace distill {
namespace {

absl::Time GroupsAt(int milliseconds) {
  return absl::UnixEpoch() + absl::Milliseconds(milliseconds);
}

TEST(WaitingGroupsTest, WithoutRequestsThereIsNothingAndNothingIsOld) {
  const WaitingGroups groups;
  EXPECT_EQ(groups.most_samples(), 0);
  EXPECT_EQ(groups.oldest(), absl::InfiniteFuture());
}

TEST(WaitingGroupsTest, RequestsOfOneKeyAddUp) {
  WaitingGroups groups;
  WaitingGroups::Group* const a = groups.Add("a", 8, GroupsAt(2));
  EXPECT_EQ(groups.Add("a", 5, GroupsAt(1)), a);
  WaitingGroups::Group* const b = groups.Add("b", 9, GroupsAt(3));
  EXPECT_NE(a, b);
  EXPECT_EQ(a->samples(), 13);
  EXPECT_EQ(a->requests(), 2u);
  EXPECT_EQ(a->oldest(), GroupsAt(1));
  EXPECT_EQ(b->samples(), 9);
  EXPECT_EQ(groups.most_samples(), 13);
  EXPECT_EQ(groups.oldest(), GroupsAt(1));
}

TEST(WaitingGroupsTest, WhatIsRemovedNoLongerCounts) {
  WaitingGroups groups;
  WaitingGroups::Group* const a = groups.Add("a", 8, GroupsAt(1));
  groups.Add("a", 5, GroupsAt(4));
  WaitingGroups::Group* const b = groups.Add("b", 6, GroupsAt(3));
  groups.Remove(a, 8, GroupsAt(1));
  EXPECT_EQ(a->oldest(), GroupsAt(4));
  EXPECT_EQ(groups.most_samples(), 6);
  EXPECT_EQ(groups.oldest(), GroupsAt(3));
  groups.Remove(b, 6, GroupsAt(3));
  EXPECT_EQ(groups.most_samples(), 5);
  EXPECT_EQ(groups.oldest(), GroupsAt(4));
  groups.Remove(a, 5, GroupsAt(4));
  EXPECT_EQ(groups.most_samples(), 0);
  EXPECT_EQ(groups.oldest(), absl::InfiniteFuture());
}

TEST(WaitingGroupsTest, OfRequestsOfOneTimeOneIsRemoved) {
  WaitingGroups groups;
  WaitingGroups::Group* const a = groups.Add("a", 8, GroupsAt(1));
  groups.Add("a", 8, GroupsAt(1));
  groups.Remove(a, 8, GroupsAt(1));
  EXPECT_EQ(a->requests(), 1u);
  EXPECT_EQ(groups.oldest(), GroupsAt(1));
}

}  // namespace
}  // namespace distill
