#include "student_trainer/report/metrics_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "common/base/files.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

class MetricsLogTest : public ::testing::Test {
 protected:
  std::string Contents() const { return *ReadFile(path_); }

  const testing::TempDir dir_;
  const std::filesystem::path path_ = dir_.path() / "metrics.jsonl";
};

TEST_F(MetricsLogTest, WritesOneObjectALineAtOnceAndKnowsItsSize) {
  auto log = MetricsLog::Open(path_, 0);
  ASSERT_THAT(log, IsOk());
  ASSERT_THAT(log->Append({{"epoch", 0}}), IsOk());
  EXPECT_EQ(Contents(), "{\"epoch\":0}\n");
  ASSERT_THAT(log->Append({{"epoch", 1}}), IsOk());
  EXPECT_EQ(Contents(), "{\"epoch\":0}\n{\"epoch\":1}\n");
  EXPECT_EQ(log->bytes(), static_cast<int64_t>(Contents().size()));
}

TEST_F(MetricsLogTest, ANumberThatIsNotFiniteIsNull) {
  auto log = MetricsLog::Open(path_, 0);
  ASSERT_THAT(log->Append({{"accuracy", std::numeric_limits<double>::quiet_NaN()}}), IsOk());
  EXPECT_EQ(Contents(), "{\"accuracy\":null}\n");
}

TEST_F(MetricsLogTest, GoesOnAfterWhatBelongsToTheCheckpoint) {
  ASSERT_THAT(WriteFileAtomically(path_, "{\"epoch\":0}\n{\"epoch\":1}\n{\"epo"), IsOk());
  auto log = MetricsLog::Open(path_, 12);
  ASSERT_THAT(log, IsOk());
  EXPECT_EQ(Contents(), "{\"epoch\":0}\n");
  ASSERT_THAT(log->Append({{"epoch", 9}}), IsOk());
  EXPECT_EQ(Contents(), "{\"epoch\":0}\n{\"epoch\":9}\n");
  EXPECT_EQ(log->bytes(), 24);
}

TEST_F(MetricsLogTest, AFileThatHasLostLinesIsRefused) {
  ASSERT_THAT(WriteFileAtomically(path_, "{}\n"), IsOk());
  EXPECT_THAT(MetricsLog::Open(path_, 12),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("metrics.jsonl")));
  EXPECT_EQ(Contents(), "{}\n");
}

TEST_F(MetricsLogTest, AFolderThatIsNotThereIsNamed) {
  EXPECT_THAT(MetricsLog::Open("/no/such/folder/metrics.jsonl", 0),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such/folder")));
}

}  // namespace
}  // namespace distill
