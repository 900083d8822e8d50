#include "common/base/units.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::ErrorIs;
using ::testing::HasSubstr;

TEST(ParseByteSizeTest, ReadsNumbersWithUnits) {
  const struct {
    const char* text;
    int64_t bytes;
  } cases[] = {
      {"0", 0},
      {"512", 512},
      {"7B", 7},
      {"64KiB", 64 << 10},
      {"2MiB", 2 << 20},
      {"2 MiB", 2 << 20},
      {"1.5GiB", int64_t{3} << 29},
      {"0.5KiB", 512},
      {"3TiB", int64_t{3} << 40},
  };
  for (const auto& c : cases) {
    const absl::StatusOr<int64_t> bytes = ParseByteSize(c.text);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_EQ(*bytes, c.bytes) << c.text;
  }
}

TEST(ParseByteSizeTest, RefusesTheRestAndQuotesIt) {
  for (const char* text : {"", "MiB", "-1", "-1KiB", "2MB", "2mib", "1.2.3KiB", "0.3KiB", "1.5",
                           "1e3", "2MiBs", " 2MiB", "99999999999TiB", "nan", "inf"}) {
    EXPECT_THAT(ParseByteSize(text), ErrorIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr(absl::StrCat("'", text, "'"))));
  }
}

TEST(ParseDurationTest, ReadsNumbersWithUnits) {
  const struct {
    const char* text;
    absl::Duration duration;
  } cases[] = {
      {"0", absl::ZeroDuration()},        {"5ms", absl::Milliseconds(5)},
      {"250us", absl::Microseconds(250)}, {"1.5s", absl::Milliseconds(1500)},
      {"1m30s", absl::Seconds(90)},       {"2h", absl::Hours(2)},
  };
  for (const auto& c : cases) {
    const absl::StatusOr<absl::Duration> duration = ParseDuration(c.text);
    ASSERT_TRUE(duration.ok()) << duration.status();
    EXPECT_EQ(*duration, c.duration) << c.text;
  }
}

TEST(ParseDurationTest, RefusesTheRestAndQuotesIt) {
  for (const char* text : {"", "5", "ms", "-5ms", "5 ms", "5msx", "5d", "inf", "nan"}) {
    EXPECT_THAT(ParseDuration(text), ErrorIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr(absl::StrCat("'", text, "'"))));
  }
}

TEST(FormatBytesTest, KeepsThreeDigits) {
  const struct {
    int64_t bytes;
    const char* text;
  } cases[] = {
      {0, "0 B"},
      {982, "982 B"},
      {1023, "1023 B"},
      {1024, "1.00 KiB"},
      {10'235, "10.0 KiB"},
      {102'399, "100 KiB"},
      {1'268'777, "1.21 MiB"},
      {int64_t{55} << 30, "55.0 GiB"},
      {int64_t{2} << 40, "2.00 TiB"},
  };
  for (const auto& c : cases) EXPECT_EQ(FormatBytes(c.bytes), c.text);
}

}  // namespace
}  // namespace distill
