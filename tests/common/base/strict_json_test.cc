#include "common/base/strict_json.h"

#include <gmock/gmock.h>

#include <string>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

std::string Nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(StrictJsonTest, ReadsWhatIsWellFormed) {
  const absl::StatusOr<nlohmann::json> json =
      ParseStrictJson(R"( {"a": [1, -2, 3.5, null, true], "b": {"a": "é\u0000"}} )", 2);
  ASSERT_THAT(json, IsOk());
  EXPECT_EQ((*json)["a"][2], 3.5);
  EXPECT_EQ((*json)["b"]["a"], std::string("\xC3\xA9\0", 3));
}

TEST(StrictJsonTest, MalformedTextIsAnErrorThatSaysWhere) {
  EXPECT_THAT(ParseStrictJson("{\n \"a\" 1}", 9),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 2, column 6")));
  using namespace std::string_literals;
  for (const std::string& text :
       {""s, " "s, "{"s, "{}x"s, "{} {}"s, "[1,]"s, "nul"s, "'a'"s, "{\"a\":NaN}"s, "[1e999]"s,
        "\"\xFF\""s, "\"\x80\""s, "// c\n1"s, "{}\0"s, "[\"a\0b\"]"s, "{}\0garbage"s}) {
    EXPECT_THAT(ParseStrictJson(text, 9), ErrorIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(StrictJsonTest, AKeyTwiceInOneObjectIsRefused) {
  for (const char* text : {R"({"a": 1, "a": 2})", R"([{"b": {"a": {}, "c": [{"a": 1}], "a": 0}}])",
                           R"({"a": 1, "\u0061": 2})"}) {
    EXPECT_THAT(ParseStrictJson(text, 9),
                ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("'a' appears twice")));
  }
  EXPECT_THAT(ParseStrictJson(R"([{"a": {"a": 1}}, {"a": 2}])", 9), IsOk());
}

TEST(StrictJsonTest, DepthIsBounded) {
  EXPECT_THAT(ParseStrictJson(Nested(3), 3), IsOk());
  EXPECT_THAT(ParseStrictJson(Nested(4), 3),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("3 levels")));
  EXPECT_THAT(ParseStrictJson(R"({"a": {"b": {"c": {}}}})", 3),
              ErrorIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseStrictJson(Nested(1'000'000), 64), ErrorIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseStrictJson(std::string(1'000'000, '['), 64),
              ErrorIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace distill
