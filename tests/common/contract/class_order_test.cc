#include "common/contract/class_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::ErrorIs;
using ::distill::testing::IsOk;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Names = std::vector<std::string>;

Names Numbered(int count) {
  Names names;
  for (int i = 0; i < count; ++i) names.push_back("class" + std::to_string(i));
  return names;
}

TEST(ClassOrderTest, PermutesByName) {
  const Names served = {"a", "b", "c", "d"};
  Names wanted = served;
  do {
    const auto order = ClassOrder(served, 4, wanted);
    ASSERT_THAT(order, IsOk());
    for (size_t i = 0; i < wanted.size(); ++i) {
      const size_t index = *order ? static_cast<size_t>((**order)[i]) : i;
      EXPECT_EQ(served[index], wanted[i]);
    }
  } while (std::next_permutation(wanted.begin(), wanted.end()));
}

TEST(ClassOrderTest, EqualOrdersNeedNoPermutation) {
  EXPECT_EQ(*ClassOrder(Numbered(3), 3, Numbered(3)), nullptr);
  EXPECT_EQ(*ClassOrder(Numbered(3), 3, {}), nullptr);
}

TEST(ClassOrderTest, ANameTwiceIsRefused) {
  EXPECT_THAT(
      ClassOrder(Names{"a", "b"}, 2, Names{"a", "a"}),
      ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("class 'a': it appears twice")));
}

TEST(ClassOrderTest, DifferentSetsAreRefusedWithBothLists) {
  EXPECT_THAT(ClassOrder(Names{"ant", "bee"}, 2, Names{"bee", "cat"}),
              ErrorIs(absl::StatusCode::kFailedPrecondition,
                      AllOf(HasSubstr("'ant', 'bee'"), HasSubstr("'bee', 'cat'"))));
}

TEST(ClassOrderTest, NamesThatLookAlikeAreShownWithTheirBytes) {
  EXPECT_THAT(ClassOrder(Names{"caf\xc3\xa9", "\xc3\xa4rger", "wide"}, 3,
                         Names{"cafe\xcc\x81", "\xc3\xa4rger", "wide"}),
              ErrorIs(absl::StatusCode::kFailedPrecondition,
                      "the sets of classes differ: the model's 3 are 'caf\xc3\xa9' (bytes "
                      "caf\\xc3\\xa9), '\xc3\xa4rger', 'wide', wanted are 3: 'cafe\xcc\x81' (bytes "
                      "cafe\\xcc\\x81), '\xc3\xa4rger', 'wide'"));
  Names served = Numbered(100), wanted = served;
  served[50] = "caf\xc3\xa9", wanted[50] = "cafe\xcc\x81";
  EXPECT_THAT(ClassOrder(served, 100, wanted), ErrorIs(absl::StatusCode::kFailedPrecondition,
                                                       AllOf(HasSubstr("(bytes caf\\xc3\\xa9)"),
                                                             HasSubstr("(bytes cafe\\xcc\\x81)"))));
}

TEST(ClassOrderTest, ASubsetAndASupersetAreRefused) {
  for (const Names& wanted : {Names{"a"}, Names{"a", "b", "c"}}) {
    EXPECT_THAT(ClassOrder(Names{"a", "b"}, 2, wanted),
                ErrorIs(absl::StatusCode::kFailedPrecondition));
  }
}

TEST(ClassOrderTest, SomeOfTheClassesMayBeWanted) {
  const auto order = ClassOrder(Names{"a", "b", "c"}, 3, Names{"c", "a"}, Wanted::kSome);
  ASSERT_THAT(order, IsOk());
  EXPECT_THAT(**order, ElementsAre(2, 0));
  EXPECT_EQ(*ClassOrder(Names{"a", "b"}, 2, Names{"a", "b"}, Wanted::kSome), nullptr);
  EXPECT_THAT(**ClassOrder(Names{"a", "b", "c"}, 3, Names{"a", "b"}, Wanted::kSome),
              ElementsAre(0, 1));
  EXPECT_THAT(ClassOrder(Names{"a", "b"}, 2, Names{"a", "x"}, Wanted::kSome),
              ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr("'x'")));
  EXPECT_THAT(ClassOrder({}, 3, Names{"a", "b"}, Wanted::kSome),
              ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no class names")));
}

TEST(ClassesAtTest, IndicesAreOfTheModelAndNoneRepeats) {
  EXPECT_THAT(**ClassesAt(std::vector<int64_t>{2, 0}, 3), ElementsAre(2, 0));
  for (const int64_t wrong : {-1, 3}) {
    EXPECT_THAT(ClassesAt(std::vector<int64_t>{0, wrong}, 3),
                ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be 0 to 2")));
  }
  EXPECT_THAT(ClassesAt(std::vector<int64_t>{1, 1}, 3),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("index 1: it appears twice")));
}

TEST(ClassOrderTest, OfLongListsWhatEachLacksIsNamed) {
  Names wanted = Numbered(1000);
  wanted[500] = "odd";
  EXPECT_THAT(ClassOrder(Numbered(1000), 1000, wanted),
              ErrorIs(absl::StatusCode::kFailedPrecondition,
                      AllOf(HasSubstr("'class500'"), HasSubstr("'odd'"))));
}

TEST(ClassOrderTest, TheRefusalFitsAStatusHoweverLongTheNames) {
  Names served;
  Names wanted;
  for (int i = 0; i < 1000; ++i) {
    served.push_back(std::to_string(i) + std::string(500, 's'));
    wanted.push_back(std::to_string(i) + std::string(500, '\xff'));
  }
  EXPECT_LT(ClassOrder(served, 1000, wanted).status().message().size(), 2500u);
}

TEST(ClassOrderTest, ATeacherWithoutNamesTakesAsManyAsItHasClasses) {
  EXPECT_EQ(*ClassOrder({}, 2, Names{"x", "y"}), nullptr);
  EXPECT_THAT(ClassOrder({}, 2, Names{"x"}),
              ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr("2")));
}

}  // namespace
}  // namespace distill
