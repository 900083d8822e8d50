#include "student_trainer/data/class_names.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/student_trainer/testing/test_files.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Names = std::vector<std::string>;

std::string Difference(const Names& train, const Names& test) {
  return DescribeClassDifference("`train`", train, "`test`", test);
}

TEST(DescribeClassDifferenceTest, EqualListsDifferInNothing) {
  EXPECT_EQ(Difference({}, {}), "");
  EXPECT_EQ(Difference({"cat", "dog"}, {"cat", "dog"}), "");
}

TEST(DescribeClassDifferenceTest, WhatEachHasAloneIsNamed) {
  EXPECT_EQ(Difference({"cat", "dog"}, {"dog"}), "`train` has \"cat\" that `test` lacks");
  EXPECT_EQ(Difference({"cat"}, {"cat", "owl", "dog"}),
            "`test` has \"dog\", \"owl\" that `train` lacks");
  EXPECT_EQ(Difference({"ape", "cat"}, {"cat", "dog"}),
            "`train` has \"ape\" that `test` lacks, and `test` has \"dog\" that `train` lacks");
}

TEST(DescribeClassDifferenceTest, ManyAreCounted) {
  Names many;
  for (int i = 100; i < 200; ++i) many.push_back(std::to_string(i));
  EXPECT_EQ(
      Difference(many, {}),
      "`train` has \"100\", \"101\", \"102\", \"103\", \"104\" and 95 more that `test` lacks");
}

TEST(DescribeClassDifferenceTest, AnotherOrderIsToldWithItsFirstDifference) {
  EXPECT_EQ(Difference({"ape", "cat", "dog"}, {"ape", "dog", "cat"}),
            "`train` and `test` have the same classes in another order: class 1 is \"cat\" in "
            "`train`, \"dog\" in `test`");
}

TEST(ClassNamesInTest, FolderWithoutTheFileHasNone) {
  const TemporaryFolder folder;
  const auto none = ClassNamesIn(folder.path());
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_THAT(*none, IsEmpty());
  folder.Write("class_names.txt", "cat\ndog\n");
  const auto names = ClassNamesIn(folder.path());
  ASSERT_TRUE(names.ok()) << names.status();
  EXPECT_THAT(*names, ElementsAre("cat", "dog"));
  folder.Write("class_names.txt", "");
  EXPECT_FALSE(ClassNamesIn(folder.path()).ok());
}

}  // namespace
}  // namespace distill
