#include "student_trainer/logs/run_log.h"

#include <limits>
#include <string>

#include "common/base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "student_trainer/logs/event_record.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

class RunLogTest : public ::testing::Test {
 protected:
  RunLog Open(const RunLogBytes& bytes) { return *RunLog::Open(dir_.path(), bytes, now_); }
  std::string Metrics() const { return *ReadFile(dir_.path() / "metrics.jsonl"); }
  std::string Events() const { return *ReadFile(dir_.path() / "events.out.tfevents.distill"); }

  const absl::Time now_ = absl::UnixEpoch() + absl::Seconds(5);
  const testing::TempDir dir_;
};

TEST_F(RunLogTest, ARecordIsALine) {
  RunLog log = Open({});
  ASSERT_THAT(log.AppendRecord({{"epoch", 0}}), IsOk());
  ASSERT_THAT(log.AppendRecord({{"accuracy", std::numeric_limits<double>::quiet_NaN()}}), IsOk());
  EXPECT_EQ(Metrics(), "{\"epoch\":0}\n{\"accuracy\":null}\n");
}

TEST_F(RunLogTest, FiniteNumbersAreScalarsByTheirPath) {
  RunLog log = Open({});
  EXPECT_EQ(Events(), FirstEvent(now_));
  ASSERT_THAT(log.AppendScalars({{"kind", "epoch"},
                                 {"epoch", 3},
                                 {"step", 40},
                                 {"loss", 0.5},
                                 {"train_accuracy", std::numeric_limits<double>::quiet_NaN()},
                                 {"validation", {{"errors", 7}}}},
                                40, now_),
              IsOk());
  EXPECT_EQ(Events(),
            FirstEvent(now_) + ScalarsEvent({{"loss", 0.5}, {"validation/errors", 7}}, 40, now_));
}

TEST_F(RunLogTest, GoesOnWhereItStood) {
  RunLogBytes stood;
  {
    RunLog log = Open({});
    ASSERT_THAT(log.AppendRecord({{"loss", 1}}), IsOk());
    ASSERT_THAT(log.AppendScalars({{"loss", 1}}, 1, now_), IsOk());
    stood = log.bytes();
    ASSERT_THAT(log.AppendRecord({{"loss", 2}}), IsOk());
    ASSERT_THAT(log.AppendScalars({{"loss", 2}}, 2, now_), IsOk());
  }
  RunLog log = Open(stood);
  ASSERT_THAT(log.AppendScalars({{"loss", 3}}, 2, now_), IsOk());
  EXPECT_EQ(Metrics(), "{\"loss\":1}\n");
  EXPECT_EQ(Events(), FirstEvent(now_) + ScalarsEvent({{"loss", 1}}, 1, now_) +
                          ScalarsEvent({{"loss", 3}}, 2, now_));
}

TEST_F(RunLogTest, AFileThatIsGoneIsNamed) {
  RunLogBytes stood;
  {
    RunLog log = Open({});
    stood = log.bytes();
  }
  std::filesystem::remove(dir_.path() / "events.out.tfevents.distill");
  EXPECT_THAT(RunLog::Open(dir_.path(), stood, now_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("tfevents")));
}

}  // namespace
}  // namespace distill
