#include "student_trainer/report/metrics_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "common/base/files.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using testing::IsOk;
using testing::StatusIs;

TEST(MetricsLog, WritesOneObjectALineAtOnce) {
  const testing::TempDir dir;
  auto log = MetricsLog::Create(dir.path() / "metrics.jsonl");
  ASSERT_THAT(log, IsOk());
  ASSERT_THAT(log->Append({{"epoch", 0}}), IsOk());
  EXPECT_EQ(*ReadFile(dir.path() / "metrics.jsonl"), "{\"epoch\":0}\n");
  ASSERT_THAT(log->Append({{"epoch", 1}}), IsOk());
  EXPECT_EQ(*ReadFile(dir.path() / "metrics.jsonl"), "{\"epoch\":0}\n{\"epoch\":1}\n");
}

TEST(MetricsLog, ANumberThatIsNotFiniteIsNull) {
  const testing::TempDir dir;
  auto log = MetricsLog::Create(dir.path() / "metrics.jsonl");
  ASSERT_THAT(log->Append({{"accuracy", std::numeric_limits<double>::quiet_NaN()}}), IsOk());
  EXPECT_EQ(*ReadFile(dir.path() / "metrics.jsonl"), "{\"accuracy\":null}\n");
}

TEST(MetricsLog, NeverWritesOverAnother) {
  const testing::TempDir dir;
  ASSERT_THAT(WriteFileAtomically(dir.path() / "metrics.jsonl", "old"), IsOk());
  EXPECT_THAT(MetricsLog::Create(dir.path() / "metrics.jsonl"),
              StatusIs(absl::StatusCode::kAlreadyExists, ::testing::HasSubstr("metrics.jsonl")));
  EXPECT_EQ(*ReadFile(dir.path() / "metrics.jsonl"), "old");
}

}  // namespace
}  // namespace distill
