#include "common/base/shown_bytes.h"

#include <gtest/gtest.h>

namespace distill {
namespace {

TEST(ShownBytesTest, NamesThatMayLookAlikeHaveTheirBytesShown) {
  EXPECT_EQ(ShownBytes("caf\xc3\xa9"), " (bytes caf\\xc3\\xa9)");
  EXPECT_EQ(ShownBytes("cafe\xcc\x81"), " (bytes cafe\\xcc\\x81)");
  EXPECT_EQ(ShownBytes("a\tb"), " (bytes a\\tb)");
}

TEST(ShownBytesTest, PrintableAsciiIsWhatItLooksLike) {
  EXPECT_EQ(ShownBytes("Jack-o'-lantern \\ \"2\""), "");
  EXPECT_EQ(ShownBytes(""), "");
}

}  // namespace
}  // namespace distill
