#include "student_trainer/logs/event_record.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "tests/testing/hex.h"

namespace distill {
namespace {

// RFC 3720, appendix B.4.
TEST(EventRecordTest, CrcIsThatOfTheRfc) {
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283U);
}

TEST(EventRecordTest, AFrameHoldsTheLengthTheMessageAndBothSums) {
  const std::string record = FirstEvent(absl::FromUnixSeconds(0));
  const std::string message = testing::BytesOfHex(
                                  "09"
                                  "0000000000000000"
                                  "1a"
                                  "0d") +
                              "brain.Event:2";  // wall time, version
  EXPECT_EQ(record.substr(0, 8), std::string("\x18\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(record.substr(12, message.size()), message);
  EXPECT_EQ(record.size(), 8 + 4 + message.size() + 4);
}

TEST(EventRecordTest, ScalarsAreFloatsByTag) {
  const std::string record = ScalarsEvent({{"loss", 1.5}}, 300, absl::FromUnixSeconds(1));
  const std::string message = testing::BytesOfHex(
                                  "09"
                                  "000000000000f03f"  // wall time 1.0
                                  "10"
                                  "ac02"  // step 300
                                  "2a"
                                  "0d"
                                  "0a"
                                  "0b"  // summary, value
                                  "0a"
                                  "04") +
                              "loss" +
                              testing::BytesOfHex(
                                  "15"
                                  "0000c03f");  // simple_value 1.5
  EXPECT_EQ(absl::BytesToHexString(record.substr(12, record.size() - 16)),
            absl::BytesToHexString(message));
}

}  // namespace
}  // namespace distill
