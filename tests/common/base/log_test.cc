#include "common/base/log.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace distill::log {
namespace {

TEST(LogLineTest, FieldsFollowTheMessage) {
  EXPECT_EQ(Line("draining", {}), "draining");
  EXPECT_EQ(Line("stream ended", {{"stream", 12}, {"client", "x y"}, {"seconds", 1.25}}),
            R"(stream ended stream=12 client="x y" seconds=1.25)");
  EXPECT_EQ(Line("seen", {{"client", std::string("trainer-1/a:2")}}), "seen client=trainer-1/a:2");
  EXPECT_EQ(Line("seen", {{"least", std::numeric_limits<int64_t>::min()}}),
            "seen least=-9223372036854775808");
}

TEST(LogLineTest, AValueIsQuotedAndEscapedUnlessItIsPlain) {
  const struct {
    absl::string_view value;
    absl::string_view written;
  } cases[] = {
      {"", R"("")"},
      {" ", R"(" ")"},
      {"a=b", R"("a=b")"},
      {R"(say "x")", R"("say \"x\"")"},
      {"it's", R"("it\'s")"},
      {R"(C:\)", R"("C:\\")"},
      {"tab\there", R"("tab\there")"},
      {"\x1b[2J", R"("\x1b[2J")"},
      {"\x7f", R"("\x7f")"},
      {absl::string_view("a\0b", 3), R"("a\x00\x62")"},
      {"caf\xc3\xa9", R"("caf\xc3\xa9")"},
      {"\xe2\x80\xae", R"("\xe2\x80\xae")"},  // text direction changes after it
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Line("m", {{"k", c.value}}), absl::StrCat("m k=", c.written));
  }
}

// A client may put any byte anywhere in its name.
TEST(LogLineTest, NoValueForgesALineOrAField) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string client = std::string(1, static_cast<char>(byte)) + "\"\n12:00:00 I x=1" +
                               std::string(1, static_cast<char>(byte));
    const std::string line = Line("stream opened", {{"client", client}, {"stream", 7}});
    constexpr absl::string_view kBegin = "stream opened client=\"";
    constexpr absl::string_view kEnd = "\" stream=7";
    ASSERT_EQ(line.substr(0, kBegin.size()), kBegin);
    ASSERT_EQ(line.substr(line.size() - kEnd.size()), kEnd);
    // Nothing between the quotes ends the line or the quotes.
    bool escaped = false;
    for (size_t i = kBegin.size(); i < line.size() - kEnd.size(); ++i) {
      EXPECT_TRUE(line[i] >= ' ' && line[i] <= '~') << "byte " << byte;
      EXPECT_FALSE(line[i] == '"' && !escaped) << "byte " << byte;
      escaped = line[i] == '\\' && !escaped;
    }
    EXPECT_FALSE(escaped) << "byte " << byte << " escapes the closing quote";
  }
}

TEST(LogTest, DetailsAreWrittenOnceTheyAreShown) {
  ::testing::internal::CaptureStderr();
  Detail("hidden");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  ShowDetails();
  ::testing::internal::CaptureStderr();
  Detail("first line\nsecond line");
  const std::string written = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(written.find(" D first line\nsecond line\n"), std::string::npos) << written;
}

}  // namespace
}  // namespace distill::log
