#include "student_trainer/views/image_size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

TEST(ImageSizeTest, OneNumberIsASquare) {
  const auto size = ParseImageSize("224");
  ASSERT_THAT(size, IsOk());
  EXPECT_EQ(*size, (ImageSize{224, 224}));
  EXPECT_EQ(ToString(*size), "224");
}

TEST(ImageSizeTest, TwoNumbersAreHeightAndWidth) {
  const auto size = ParseImageSize("24x32");
  ASSERT_THAT(size, IsOk());
  EXPECT_EQ(*size, (ImageSize{.height = 24, .width = 32}));
  EXPECT_EQ(ToString(*size), "24x32");
  EXPECT_EQ(*ParseImageSize("8192x8192"), (ImageSize{8192, 8192}));
}

TEST(ImageSizeTest, OtherTextsAreRefused) {
  for (const char* text : {"", "x", "0", "24x", "x32", "24x0", "-1", "24x32x3", "8193", "1.5",
                           "24 32", "99999999999999999999"}) {
    EXPECT_THAT(ParseImageSize(text),
                ErrorIs(absl::StatusCode::kInvalidArgument,
                        HasSubstr(std::string("'") + text + "'; must be SIDE or HEIGHTxWIDTH")))
        << text;
  }
}

}  // namespace
}  // namespace distill
