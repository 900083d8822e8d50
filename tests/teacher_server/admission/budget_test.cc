#include "teacher_server/admission/budget.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace distill {
namespace {

// Two streams with a reserve of 100 bytes each, and a pool of 250.
constexpr BudgetLimits kLimits = {
    .bytes = 450, .samples = 10, .stream_bytes = 100, .max_streams = 2};

void Ignore() {}

TEST(BudgetTest, AnIdleStreamMayAlwaysRead) {
  const auto budget = std::make_shared<Budget>(
      BudgetLimits{.bytes = 200, .samples = 1, .stream_bytes = 100, .max_streams = 2});
  Budget::Share greedy(budget);
  greedy.Hold(5, 100);
  EXPECT_FALSE(greedy.TryRead(Ignore));
  Budget::Share idle(budget);
  EXPECT_TRUE(idle.TryRead(Ignore));
}

TEST(BudgetTest, WhatStreamsHoldTogetherStaysWithinTheLimit) {
  const auto budget = std::make_shared<Budget>(kLimits);
  std::vector<std::unique_ptr<Budget::Share>> shares;
  for (int i = 0; i < 2; ++i) shares.push_back(std::make_unique<Budget::Share>(budget));
  int64_t held[] = {0, 0};
  for (int round = 0; round < 10; ++round) {
    for (size_t i = 0; i < 2; ++i) {
      if (!shares[i]->TryRead(Ignore)) continue;
      held[i] += 100;  // a message and its answer, as large as may be
      shares[i]->Hold(1, held[i]);
      shares[i]->ReadDone();
      ASSERT_LE(budget->taken_bytes(), kLimits.bytes);
    }
  }
  EXPECT_EQ(held[0] + held[1], 400) << "and comes close to it";
}

TEST(BudgetTest, SamplesAreBoundedToo) {
  const auto budget = std::make_shared<Budget>(kLimits);
  Budget::Share share(budget);
  share.Hold(9, 1);
  EXPECT_TRUE(share.TryRead(Ignore));
  share.Hold(10, 1);
  share.ReadDone();
  EXPECT_FALSE(share.TryRead(Ignore));
}

TEST(BudgetTest, ThoseThatWaitAreCalledInOrderOnceThereIsRoom) {
  const auto budget = std::make_shared<Budget>(kLimits);
  Budget::Share first(budget);
  Budget::Share second(budget);
  Budget::Share third(budget);
  std::vector<int> called;
  first.Hold(10, 1);
  second.Hold(1, 1);
  third.Hold(1, 1);
  EXPECT_FALSE(second.TryRead([&] { called.push_back(2); }));
  EXPECT_FALSE(third.TryRead([&] { called.push_back(3); }));
  EXPECT_FALSE(second.TryRead([&] { called.push_back(2); })) << "asks twice, is called once";
  budget->CallWaiters();
  EXPECT_TRUE(called.empty());
  first.Hold(0, 0);
  budget->CallWaiters();
  EXPECT_EQ(called, (std::vector<int>{2, 3}));
  budget->CallWaiters();
  EXPECT_EQ(called.size(), 2u);
}

TEST(BudgetTest, WhoMakesRoomStandsBehindThoseThatWait) {
  const auto budget = std::make_shared<Budget>(kLimits);
  Budget::Share greedy(budget);
  Budget::Share patient(budget);
  greedy.Hold(9, 250);
  patient.Hold(1, 100);
  EXPECT_FALSE(patient.TryRead(Ignore));
  greedy.Hold(8, 100);
  EXPECT_FALSE(greedy.TryRead(Ignore));
  EXPECT_TRUE(patient.TryRead(Ignore));
}

TEST(BudgetTest, AnEndedStreamGivesEverythingBackAndIsNotCalled) {
  const auto budget = std::make_shared<Budget>(kLimits);
  Budget::Share other(budget);
  {
    Budget::Share share(budget);
    other.Hold(1, 50);
    ASSERT_TRUE(other.TryRead(Ignore));
    share.Hold(1, 300);
    ASSERT_FALSE(share.TryRead([] { FAIL(); }));
  }
  EXPECT_EQ(budget->taken_bytes(), 150);
  EXPECT_EQ(budget->samples(), 1);
  budget->CallWaiters();
}

}  // namespace
}  // namespace distill
