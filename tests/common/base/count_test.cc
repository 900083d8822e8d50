#include "common/base/count.h"

#include <gtest/gtest.h>

namespace distill {
namespace {

TEST(CountTest, OneIsSingularAndAllElsePlural) {
  EXPECT_EQ(Count(1, "sample"), "1 sample");
  EXPECT_EQ(Count(0, "sample"), "0 samples");
  EXPECT_EQ(Count(2, "corrupt sample"), "2 corrupt samples");
  EXPECT_EQ(Count(-1, "step"), "-1 steps");
}

TEST(CountTest, PluralsFollowTheEndOfTheNoun) {
  EXPECT_EQ(Count(1, "class"), "1 class");
  EXPECT_EQ(Count(2, "class"), "2 classes");
  EXPECT_EQ(Count(3, "batch"), "3 batches");
  EXPECT_EQ(Count(3, "box"), "3 boxes");
  EXPECT_EQ(Count(3, "entry"), "3 entries");
  EXPECT_EQ(Count(3, "array"), "3 arrays");
}

}  // namespace
}  // namespace distill
