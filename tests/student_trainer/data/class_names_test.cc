#include "student_trainer/data/class_names.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/student_trainer/testing/test_files.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using testing::ErrorIs;
using ::testing::HasSubstr;
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

TEST(DescribeClassDifferenceTest, NamesThatLookAlikeAreShownWithTheirBytes) {
  EXPECT_EQ(Difference({"caf\xc3\xa9"}, {"cafe\xcc\x81"}),
            "`train` has \"caf\xc3\xa9\" (bytes caf\\xc3\\xa9) that `test` lacks, and `test` has "
            "\"cafe\xcc\x81\" (bytes cafe\\xcc\\x81) that `train` lacks");
}

TEST(ReadClassNamesTest, MarksAndLineEndsOfOtherSystemsAreNotPartOfNames) {
  const TemporaryFolder folder;
  for (const char* text : {"\xef\xbb\xbf"
                           "cat\r\ndog\r\n",
                           "cat\rdog", "cat\xc2\xa0\n dog \n\n",
                           "\xef\xbb\xbf"
                           "cat\ndog\r"}) {
    const auto names = ReadClassNames(folder.Write("names.txt", text));
    ASSERT_TRUE(names.ok()) << names.status();
    EXPECT_THAT(*names, ElementsAre("cat", "dog")) << text;
  }
  const auto inner = ReadClassNames(folder.Write("names.txt",
                                                 "C# code\npolar\xc2\xa0"
                                                 "bear"));
  ASSERT_TRUE(inner.ok()) << inner.status();
  EXPECT_THAT(*inner, ElementsAre("C# code",
                                  "polar\xc2\xa0"
                                  "bear"));
}

TEST(ReadClassNamesTest, AFileOfAnotherEncodingIsToBeSavedAsUtf8) {
  const TemporaryFolder folder;
  const auto refusal = [&folder](absl::string_view text) {
    return ReadClassNames(folder.Write("names.txt", text)).status();
  };
  for (const absl::string_view utf16 :
       {absl::string_view("\xff\xfe"
                          "c\0a\0t\0",
                          8),
        absl::string_view("\xfe\xff\0c\0a\0t", 8), absl::string_view("c\0a\0t\0\n\0", 8)}) {
    EXPECT_THAT(refusal(utf16), ErrorIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("it looks like UTF-16; save the file as UTF-8")));
  }
  EXPECT_THAT(refusal("cat\ncaf\xe9\n"),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      HasSubstr("class name 2 of 2 is not UTF-8; save the file as UTF-8")));
}

TEST(ReadClassNamesTest, AnEmptyOrRepeatedNameIsToBeWrittenOnce) {
  const TemporaryFolder folder;
  EXPECT_THAT(ReadClassNames(folder.Write("names.txt", "cat\n\ndog\n")),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      HasSubstr("class name 2 of 3 is empty; write one name per class")));
  EXPECT_THAT(ReadClassNames(folder.Write("names.txt", "cat\ncat\n")),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      HasSubstr("class name 2 of 2 repeats \"cat\"; write one name per class")));
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
