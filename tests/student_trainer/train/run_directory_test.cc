#include "student_trainer/train/run_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/files.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

TEST(RunDirectory, IsMadeWithItsParentsAndTheConfiguration) {
  const testing::TempDir dir;
  for (const ExistingRun existing : {ExistingRun::kRefuse, ExistingRun::kResume}) {
    const auto root = dir.path() / "runs" / (existing == ExistingRun::kResume ? "a" : "b");
    const auto run = OpenRunDirectory(root, existing, "epochs=3\n");
    ASSERT_THAT(run, IsOk());
    EXPECT_EQ(*ReadFile(run->config()), "epochs=3\n");
  }
}

TEST(RunDirectory, OneThatHoldsAnythingIsRefusedAndLeftAlone) {
  const testing::TempDir dir;
  ASSERT_THAT(WriteFileAtomically(dir.path() / "mine.txt", "x"), IsOk());
  EXPECT_THAT(OpenRunDirectory(dir.path(), ExistingRun::kRefuse, ""),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("never written over")));
  EXPECT_THAT(OpenRunDirectory(dir.path(), ExistingRun::kResume, ""),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no config.toml")));
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "config.toml"));
}

TEST(RunDirectory, AnotherRunsIsGoneOnWithOnlyIfAsked) {
  const testing::TempDir dir;
  const auto root = dir.path() / "run";
  { ASSERT_THAT(OpenRunDirectory(root, ExistingRun::kRefuse, "epochs=3\n"), IsOk()); }
  EXPECT_THAT(OpenRunDirectory(root, ExistingRun::kRefuse, ""),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("--resume")));
  EXPECT_THAT(OpenRunDirectory(root, ExistingRun::kResume, "epochs=4\n"), IsOk());
}

TEST(RunDirectory, IsOneProcesssAlone) {
  const testing::TempDir dir;
  const auto root = dir.path() / "run";
  const auto first = OpenRunDirectory(root, ExistingRun::kResume, "epochs=3\n");
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(OpenRunDirectory(root, ExistingRun::kResume, "epochs=4\n"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("another process")));
  EXPECT_EQ(*ReadFile(first->config()), "epochs=3\n");
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
                StatusIs(absl::StatusCode::kAlreadyExists));
  }
}

}  // namespace
}  // namespace distill
