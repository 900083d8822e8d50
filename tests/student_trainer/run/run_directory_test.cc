#include "student_trainer/run/run_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/files.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

// What makes a folder a run's.
void WriteConfig(const std::filesystem::path& root) {
  ASSERT_THAT(WriteFileAtomically(root / "config.toml", "epochs=3\n"), IsOk());
}

TEST(RunDirectory, IsMadeWithItsParentsAndHoldsNothingYet) {
  const testing::TempDir dir;
  for (const ExistingRun existing : {ExistingRun::kRefuse, ExistingRun::kResume}) {
    const auto root = dir.path() / "runs" / (existing == ExistingRun::kResume ? "a" : "b");
    { ASSERT_THAT(OpenRunDirectory(root, existing), IsOk()); }
    // A run that stopped here does not prevent another.
    EXPECT_THAT(OpenRunDirectory(root, ExistingRun::kRefuse), IsOk());
  }
}

TEST(RunDirectory, OneThatHoldsAnythingIsRefusedAndLeftAlone) {
  const testing::TempDir dir;
  ASSERT_THAT(WriteFileAtomically(dir.path() / "mine.txt", "x"), IsOk());
  EXPECT_THAT(OpenRunDirectory(dir.path(), ExistingRun::kRefuse),
              ErrorIs(absl::StatusCode::kAlreadyExists, HasSubstr("never written over")));
  EXPECT_THAT(OpenRunDirectory(dir.path(), ExistingRun::kResume),
              ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no config.toml")));
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "config.toml"));
}

TEST(RunDirectory, AnotherRunsIsGoneOnWithOnlyIfAsked) {
  const testing::TempDir dir;
  const auto root = dir.path() / "run";
  { ASSERT_THAT(OpenRunDirectory(root, ExistingRun::kRefuse), IsOk()); }
  WriteConfig(root);
  EXPECT_THAT(OpenRunDirectory(root, ExistingRun::kRefuse),
              ErrorIs(absl::StatusCode::kAlreadyExists, HasSubstr("; set `resume`")));
  EXPECT_THAT(OpenRunDirectory(root, ExistingRun::kResume), IsOk());
}

TEST(RunDirectory, IsOneProcesssAlone) {
  const testing::TempDir dir;
  const auto root = dir.path() / "run";
  const auto first = OpenRunDirectory(root, ExistingRun::kResume);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(OpenRunDirectory(root, ExistingRun::kResume),
              ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr("another process")));
}

TEST(RunDirectory, AnEmptyFolderIsFree) {
  const testing::TempDir dir;
  EXPECT_THAT(CheckRunDirectory(dir.path(), ExistingRun::kRefuse), IsOk());
  EXPECT_THAT(CheckRunDirectory(dir.path(), ExistingRun::kResume), IsOk());
}

TEST(RunDirectory, AFileIsRefused) {
  const testing::TempDir dir;
  ASSERT_THAT(WriteFileAtomically(dir.path() / "run", "x"), IsOk());
  for (const ExistingRun existing : {ExistingRun::kRefuse, ExistingRun::kResume}) {
    EXPECT_THAT(CheckRunDirectory(dir.path() / "run", existing),
                ErrorIs(absl::StatusCode::kAlreadyExists));
  }
}

}  // namespace
}  // namespace distill
