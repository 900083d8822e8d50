#include "student_trainer/commands/report_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "common/base/files.h"
#include "tests/student_trainer/testing/small_model_directory.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::SmallDescription;
using ::testing::StartsWith;
using testing::StatusIs;
using testing::WriteSmallModel;

class ReportCommandTest : public ::testing::Test {
 protected:
  // The directory of a run that has not finished an epoch.
  std::string WriteRun(const std::string& name) const {
    const std::filesystem::path run = dir_ / name;
    std::filesystem::create_directories(run);
    const std::string about =
        R"({"student": "mlp_small", "classes": ["cat", "dog"], "class_count": 2, "labels": "l",)"
        R"( "data": "digest", "teacher": "", "objective": "kd", "alpha": 0, "temperature": 1,)"
        R"( "figures": null, "quality": null})";
    EXPECT_THAT(WriteFileAtomically(run / "report.json", about), IsOk());
    EXPECT_THAT(WriteFileAtomically(run / "metrics.jsonl", ""), IsOk());
    return run.string();
  }

  const testing::TempDir dir_;
  std::ostringstream out_;
};

TEST_F(ReportCommandTest, ThePageOfOneRunLiesInItsDirectory) {
  const std::string run = WriteRun("run");
  ASSERT_THAT(RunReport({.runs = {run}}, out_), IsOk());
  EXPECT_TRUE(std::filesystem::exists(run + "/report.html"));
  EXPECT_THAT(out_.str(), AllOf(StartsWith("report: "), EndsWith("run/report.html\n")));
}

TEST_F(ReportCommandTest, ThePageIsWrittenWhereOutSays) {
  const std::string page = (dir_ / "both.html").string();
  ASSERT_THAT(RunReport({.runs = {WriteRun("a"), WriteRun("b")}, .out = page}, out_), IsOk());
  EXPECT_TRUE(std::filesystem::exists(page));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "a/report.html"));
}

TEST_F(ReportCommandTest, TheModelsOfSeveralRunsAreMeasuredInTurns) {
  const std::vector<std::string> runs = {WriteRun("a"), WriteRun("b")};
  for (const std::string& run : runs) {
    WriteSmallModel(run + "/model", SmallDescription());
    std::string about = *ReadFile(run + "/report.json");
    const std::string none = R"("figures": null)";
    about.replace(about.find(none), none.size(), R"("figures": {"latency_ms": 12345.5})");
    ASSERT_THAT(WriteFileAtomically(run + "/report.json", about), IsOk());
  }
  const std::string page = (dir_ / "both.html").string();
  ASSERT_THAT(RunReport({.runs = runs, .out = page}, out_), IsOk());
  EXPECT_THAT(*ReadFile(page),
              AllOf(HasSubstr(R"("measured_in_turns":true)"), Not(HasSubstr("12345.5"))));

  std::filesystem::remove_all(runs[1] + "/model");  // its own figures stay
  ASSERT_THAT(RunReport({.runs = runs, .out = page}, out_), IsOk());
  EXPECT_THAT(*ReadFile(page),
              AllOf(HasSubstr(R"("measured_in_turns":false)"), HasSubstr("12345.5")));
}

TEST_F(ReportCommandTest, WithoutARunThereIsNothingToReport) {
  EXPECT_THAT(RunReport({}, out_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("run directory")));
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ReportCommandTest, AFolderThatIsNoRunIsNamed) {
  EXPECT_THAT(RunReport({.runs = {dir_.path().string()}}, out_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(dir_.path().string())));
}

}  // namespace
}  // namespace distill
