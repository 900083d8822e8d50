#include "student_trainer/data/formats/gzip.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/student_trainer/testing/test_files.h"

namespace distill {
namespace {

using ::testing::HasSubstr;

absl::Status GunzipError(absl::string_view compressed, size_t size) {
  return Gunzip(compressed, size).status();
}

TEST(GzipTest, RoundTripsAnySize) {
  for (const size_t size : {0, 1, 20, 255, 70000, 3000000}) {
    const std::string contents = Counting(size);
    const absl::StatusOr<Bytes> inflated = Gunzip(Gzip(contents), size);
    ASSERT_TRUE(inflated.ok()) << inflated.status();
    EXPECT_EQ(inflated->ToString(), contents);
  }
}

TEST(GzipTest, KnownByItsFirstBytes) {
  EXPECT_TRUE(IsGzip(Gzip("x")));
  EXPECT_FALSE(IsGzip(""));
  EXPECT_FALSE(IsGzip("\x1f"));
  EXPECT_FALSE(IsGzip(ImagesFile(1)));
}

TEST(GzipTest, MembersAreReadOneAfterTheOther) {
  const std::string compressed = Gzip("abc") + Gzip("") + Gzip("defg") + Gzip("");
  const absl::StatusOr<Bytes> inflated = Gunzip(compressed, 7);
  ASSERT_TRUE(inflated.ok()) << inflated.status();
  EXPECT_EQ(inflated->ToString(), "abcdefg");
  EXPECT_EQ(*GunzipPrefix(compressed, 5), "abcde");
}

TEST(GzipTest, PrefixIsShorterWhereTheStreamEnds) {
  EXPECT_EQ(*GunzipPrefix(Gzip("abcdef"), 4), "abcd");
  EXPECT_EQ(*GunzipPrefix(Gzip("ab"), 4), "ab");
  EXPECT_EQ(*GunzipPrefix(Gzip(""), 4), "");
}

TEST(GzipTest, EveryTruncationIsRefused) {
  const std::string contents = Counting(1000);
  const std::string compressed = Gzip(contents);
  for (size_t size = 0; size < compressed.size(); ++size) {
    const absl::Status status = GunzipError(compressed.substr(0, size), contents.size());
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << size << ": " << status;
  }
  EXPECT_THAT(GunzipError(compressed.substr(0, compressed.size() - 1), contents.size()).message(),
              HasSubstr("truncated: it ends after 1000 inflated bytes"));
}

TEST(GzipTest, TrailingGarbageIsRefused) {
  const absl::Status status = GunzipError(Gzip("abc") + "garbage", 3);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("incorrect header check"));
}

TEST(GzipTest, WrongChecksumIsRefused) {
  std::string compressed = Gzip("abc");
  compressed[compressed.size() - 5] ^= 1;  // the checksum's last byte; the length follows
  const absl::Status status = GunzipError(compressed, 3);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("incorrect data check"));
}

TEST(GzipTest, OtherSizesThanExpectedAreRefusedWithBoth) {
  EXPECT_THAT(GunzipError(Gzip("abc"), 4).message(), HasSubstr("it holds 3 bytes instead of 4"));
  EXPECT_THAT(GunzipError(Gzip("abc"), 2).message(), HasSubstr("it holds more than 2 bytes"));
}

TEST(GzipTest, BombIsInflatedNoFurtherThanExpected) {
  const std::string bomb = Gzip(std::string(10'000'000, '\0'));
  ASSERT_LT(bomb.size(), 20'000u);
  EXPECT_THAT(GunzipError(bomb, 100).message(), HasSubstr("it holds more than 100 bytes"));
}

TEST(GzipTest, NothingIsAllocatedForWhatCannotBeThere) {
  // An allocation of this size would fail with another code.
  const absl::Status status = GunzipError(Gzip("abc"), size_t{1} << 62);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("it cannot hold 4611686018427387904 bytes"));
}

TEST(GzipTest, MostCompressibleContentsPassTheCheckOfTheRatio) {
  for (const size_t size : {1'000u, 100'000u, 10'000'000u}) {
    EXPECT_TRUE(Gunzip(Gzip(std::string(size, '\0')), size).ok()) << size;
  }
}

}  // namespace
}  // namespace distill
