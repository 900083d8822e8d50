#include "student_trainer/data/corrupt_samples.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

absl::Status Corrupt(int64_t index) {
  return absl::DataLossError(absl::StrCat("cat/", index, ".jpg: the JPEG is truncated"));
}

TEST(CorruptSamplesTest, TheFirstIsRefusedUnlessSomeAreAllowed) {
  CorruptSamples corrupt;
  const absl::Status status = corrupt.Report(4, Corrupt(4));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("cat/4.jpg: the JPEG is truncated"),
                    HasSubstr("`train`: 1 corrupt sample, where `max_corrupt` allows 0: ")));
}

TEST(CorruptSamplesTest, AsManyAsAllowedAreSkippedAndTheNextIsNot) {
  CorruptSamples corrupt(2);
  EXPECT_TRUE(corrupt.Report(4, Corrupt(4)).ok());
  EXPECT_TRUE(corrupt.Report(9, Corrupt(9)).ok());
  const absl::Status status = corrupt.Report(5, Corrupt(5));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("cat/5.jpg"),
                    HasSubstr("3 corrupt samples, where `max_corrupt` allows 2: ")));
  EXPECT_EQ(corrupt.count(), 3);
}

TEST(CorruptSamplesTest, TheDataSetIsNamedByItsOption) {
  EXPECT_THAT(std::string(CorruptSamples(0, "`test`").Report(4, Corrupt(4)).message()),
              HasSubstr("`test`: 1 corrupt sample, where"));
}

TEST(CorruptSamplesTest, EachSampleCountsAndIsToldOnce) {
  CorruptSamples corrupt(1);
  ::testing::internal::CaptureStderr();
  for (int epoch = 0; epoch < 5; ++epoch) EXPECT_TRUE(corrupt.Report(4, Corrupt(4)).ok());
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(corrupt.count(), 1);
  const size_t first = log.find("cat/4.jpg: the JPEG is truncated");
  ASSERT_NE(first, std::string::npos) << log;
  EXPECT_THAT(log.substr(first + 1), Not(HasSubstr("cat/4.jpg")));
}

TEST(CorruptSamplesTest, OtherErrorsAreReturnedAsTheyAre) {
  CorruptSamples corrupt(10);
  for (const absl::Status& status : {absl::NotFoundError("cannot open x"), absl::InternalError("y"),
                                     absl::FailedPreconditionError("z has become shorter")}) {
    EXPECT_EQ(corrupt.Report(1, status), status);
  }
  EXPECT_EQ(corrupt.count(), 0);
}

TEST(CorruptSamplesTest, ThreadsTogetherAreAllowedNoMore) {
  CorruptSamples corrupt(50);
  std::atomic<int> skipped{0};
  std::vector<std::thread> threads;
  for (int64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int64_t i = 0; i < 25; ++i) {
        const int64_t index = t * 25 + i;
        if (corrupt.Report(index, Corrupt(index)).ok()) ++skipped;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(skipped, 50);
  EXPECT_EQ(corrupt.count(), 100);
}

}  // namespace
}  // namespace distill
