#include "student_trainer/logs/run_log.h"

#include <filesystem>
#include <limits>
#include <optional>
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
  RunLog Open(const std::optional<LogPlace>& place) {
    return *RunLog::Open(dir_.path(), place, now_);
  }
  std::string Metrics() const { return *ReadFile(dir_.path() / "metrics.jsonl"); }
  std::string Events(const std::string& suffix = "") const {
    return *ReadFile(dir_.path() / ("events.out.tfevents.distill" + suffix));
  }

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

TEST_F(RunLogTest, AResumedRunCutsItsMetricsAndHasEventsOfItsOwn) {
  LogPlace place;
  {
    RunLog log = Open({});
    ASSERT_THAT(log.AppendRecord({{"loss", 1}}), IsOk());
    ASSERT_THAT(log.AppendScalars({{"loss", 1}}, 1, now_), IsOk());
    place = {.metrics_bytes = log.metrics_bytes(), .step = 1};
    ASSERT_THAT(log.AppendRecord({{"loss", 2}}), IsOk());
    ASSERT_THAT(log.AppendScalars({{"loss", 2}}, 2, now_), IsOk());
  }
  const std::string before = Events();
  RunLog log = Open(place);
  ASSERT_THAT(log.AppendScalars({{"loss", 3}}, 2, now_), IsOk());
  EXPECT_EQ(Metrics(), "{\"loss\":1}\n");
  EXPECT_EQ(Events(), before);  // a reader may have read it to its end
  EXPECT_EQ(Events(".0001"),
            FirstEvent(now_) + RestartEvent(2, now_) + ScalarsEvent({{"loss", 3}}, 2, now_));
  Open(place);
  EXPECT_EQ(Events(".0002"), FirstEvent(now_) + RestartEvent(2, now_));
  Open({});  // a new run in the same folder
  EXPECT_EQ(Events(), FirstEvent(now_));
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "events.out.tfevents.distill.0001"));
}

TEST_F(RunLogTest, TheFiguresOfAnEndThatIsNoneAnyMoreAreDropped) {
  const nlohmann::json epoch = {{"kind", "epoch"}, {"step", 7}, {"loss", 1}};
  LogPlace place;
  {
    RunLog log = Open({});
    ASSERT_THAT(log.AppendRecord(epoch), IsOk());
    ASSERT_THAT(log.AppendScalars(epoch, 7, now_), IsOk());
    place = {.metrics_bytes = log.metrics_bytes(), .step = 7};
    ASSERT_THAT(log.AppendScalars({{"end", {{"loss", 9}}}}, 7, now_), IsOk());
  }
  Open(place);
  EXPECT_EQ(Events(".0001"),
            FirstEvent(now_) + RestartEvent(7, now_) + ScalarsEvent({{"loss", 1}}, 7, now_));
}

TEST_F(RunLogTest, MetricsThatAreGoneAreNamed) {
  LogPlace place;
  {
    RunLog log = Open({});
    ASSERT_THAT(log.AppendRecord({{"loss", 1}}), IsOk());
    place.metrics_bytes = log.metrics_bytes();
  }
  std::filesystem::remove(dir_.path() / "metrics.jsonl");
  EXPECT_THAT(RunLog::Open(dir_.path(), place, now_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("metrics.jsonl")));
}

}  // namespace
}  // namespace distill
