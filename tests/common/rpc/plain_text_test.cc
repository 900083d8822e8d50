#include "common/rpc/plain_text.h"

#include <gtest/gtest.h>

#include <string>

namespace distill {
namespace {

TEST(PlainTextTest, Utf8IsTakenWithWhateverCharacters) {
  for (const char* text : {"", "ascii\r\n\t", "s\u00e9cret", "\u20ac", "\U0001F600", "\ufeff#"}) {
    EXPECT_EQ(WhyNotUtf8(text), "") << text;
  }
}

TEST(PlainTextTest, Utf16IsNamedWithAMarkAndWithout) {
  for (const std::string& text : {std::string("\xff\xfe"
                                              "a\0",
                                              4),
                                  std::string("\xfe\xff\0"
                                              "a",
                                              4),
                                  std::string("a\0b\0", 4)}) {
    EXPECT_EQ(WhyNotUtf8(text), "it is not UTF-8, but UTF-16");
  }
}

TEST(PlainTextTest, OtherBytesAreNotUtf8) {
  for (const char* text : {"s\xe9"
                           "cret",              // Latin-1
                           "\x80",              // a byte that continues nothing
                           "\xc3",              // one that nothing continues
                           "\xc0\xaf",          // longer than it needs to be
                           "\xed\xa0\x80",      // half of a pair of UTF-16
                           "\xf4\x90\x80\x80",  // beyond Unicode
                           "\xff"}) {
    EXPECT_EQ(WhyNotUtf8(text), "it is not UTF-8");
  }
}

TEST(PlainTextTest, AnInvisibleCharacterIsNamedByItsCodePoint) {
  const struct {
    const char* text;
    const char* point;
  } cases[] = {
      {"a\u200b", "U+200B"},
      {"\ufeff"
       "a",
       "U+FEFF"},
      {"a\u00a0b", "U+00A0"},
      {"\u00ad", "U+00AD"},
      {"a\u2060", "U+2060"},
      {"a\x1b", "U+001B"},
      {"\U000E0020", "U+E0020"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(WhatIsInvisible(c.text), std::string("it has the invisible character ") + c.point);
  }
  for (const char* text : {"", "alice token 3\t\r\n", "s\u00e9cret", "\u0131\u0430\U0001F600"}) {
    EXPECT_EQ(WhatIsInvisible(text), "") << text;
  }
}

}  // namespace
}  // namespace distill
