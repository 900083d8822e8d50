#include "common/zoo/arguments.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ArgumentsTest, ReadsEachType) {
  const nlohmann::json json = nlohmann::json::parse(
      R"({"n": 7, "p": 0.25, "kind": "b", "x": 1.5, "list": [1, 2], "lists": [[3], [4, 5]]})");
  Arguments arguments("net", json);
  EXPECT_EQ(arguments.Int("n", {1, 10}), 7);
  EXPECT_EQ(arguments.Fraction("p"), 0.25);
  EXPECT_EQ(arguments.Number("x", 1, 1.5, 0), 1.5);
  EXPECT_EQ(arguments.OneOf("kind", {"a", "b"}), "b");
  EXPECT_THAT(arguments.IntList("list", {1, 2}, {1, 9}), ElementsAre(1, 2));
  EXPECT_THAT(arguments.IntLists("lists", {1, 2}, {1, 2}, {1, 9}),
              ElementsAre(ElementsAre(3), ElementsAre(4, 5)));
  EXPECT_TRUE(arguments.Finish().ok()) << arguments.Finish();
}

TEST(ArgumentsTest, AbsentArgumentsHaveTheirDefaults) {
  const nlohmann::json json = nlohmann::json::object();
  Arguments arguments("net", json);
  EXPECT_EQ(arguments.Int("n", {0, 10}, 3), 3);
  EXPECT_EQ(arguments.Fraction("p"), 0);
  EXPECT_EQ(arguments.Fraction("q", 0.5), 0.5);
  EXPECT_EQ(arguments.Number("x", 0, 1, 3), 3);
  EXPECT_EQ(arguments.OneOf("kind", {"a", "b"}), "a");
  EXPECT_TRUE(arguments.Finish().ok()) << arguments.Finish();
}

TEST(ArgumentsTest, RequiredArgumentThatIsAbsentIsNamed) {
  const nlohmann::json json = nlohmann::json::object();
  Arguments arguments("net", json);
  EXPECT_EQ(arguments.Int("n", {4, 10}), 4);
  EXPECT_THAT(arguments.Finish().ToString(), AllOf(HasSubstr("net"), HasSubstr("'n' is missing")));
}

TEST(ArgumentsTest, ArgumentThatNothingReadsIsNamedWithTheKnownOnes) {
  const nlohmann::json json = {{"n", 1}, {"width", 2}};
  Arguments arguments("net", json);
  arguments.Int("n", {0, 10});
  arguments.Fraction("p");
  EXPECT_THAT(arguments.Finish().ToString(),
              AllOf(HasSubstr("'width' is not known"), HasSubstr("known are n, p")));
}

TEST(ArgumentsTest, TheFirstErrorIsKept) {
  const nlohmann::json json = {{"n", "x"}, {"m", "y"}};
  Arguments arguments("net", json);
  arguments.Int("n", {0, 10});
  arguments.Int("m", {0, 10});
  EXPECT_THAT(arguments.Finish().ToString(), HasSubstr("arguments of net: 'n' is "));
}

TEST(ArgumentsTest, OnlyAnObjectHoldsArguments) {
  const nlohmann::json cases[] = {nullptr, 3, "x", nlohmann::json::array({1})};
  for (const nlohmann::json& json : cases) {
    Arguments arguments("net", json);
    EXPECT_EQ(arguments.Int("n", {0, 10}, 5), 5);
    EXPECT_THAT(arguments.Finish().ToString(), HasSubstr("; must be an object")) << json;
  }
}

TEST(ArgumentsTest, WrongValuesAreRefusedAndNamed) {
  const char* const cases[] = {
      R"({"n": 0})",    R"({"n": 11})",
      R"({"n": 1.5})",  R"({"n": "1"})",
      R"({"n": true})", R"({"n": null})",
      R"({"n": [1]})",  R"({"n": 18446744073709551615})",  // -1 as int64
      R"({"p": 1})",    R"({"p": -0.1})",
      R"({"p": "0"})",  R"({"kind": "c"})",
      R"({"kind": 1})",
  };
  for (const char* text : cases) {
    const nlohmann::json json = nlohmann::json::parse(text);
    Arguments arguments("net", json);
    const int64_t n = arguments.Int("n", {1, 10}, 2);
    EXPECT_TRUE(n >= 1 && n <= 10) << text;
    arguments.Fraction("p");
    arguments.OneOf("kind", {"a", "b"});
    EXPECT_EQ(arguments.Finish().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(arguments.Finish().ToString(), HasSubstr("; must be ")) << text;
  }
}

TEST(ArgumentsTest, WrongListsAreRefusedAndEmpty) {
  const char* const cases[] = {R"([])",    R"([1, 2, 3])", R"([0])", R"([10])",
                               R"([[1]])", R"(["1"])",     R"(1)",   R"({"a": 1})"};
  for (const char* text : cases) {
    const nlohmann::json json = {{"list", nlohmann::json::parse(text)}};
    Arguments arguments("net", json);
    EXPECT_THAT(arguments.IntList("list", {1, 2}, {1, 9}), IsEmpty()) << text;
    EXPECT_THAT(arguments.Finish().ToString(), HasSubstr("; must be a list of ")) << text;

    const nlohmann::json nested = {{"lists", {{1}, nlohmann::json::parse(text)}}};
    Arguments outer("net", nested);
    EXPECT_THAT(outer.IntLists("lists", {1, 3}, {1, 2}, {1, 9}), IsEmpty()) << text;
    EXPECT_THAT(outer.Finish().ToString(), HasSubstr("; must be a list of ")) << text;
  }
}

TEST(ArgumentsTest, TextThatIsNoUtf8DoesNotThrow) {
  const nlohmann::json json = {{"n", "\xff\xfe"}};
  Arguments arguments("net", json);
  arguments.Int("n", {0, 1});
  EXPECT_FALSE(arguments.Finish().ok());
}

}  // namespace
}  // namespace distill
