#include "student_trainer/train/run_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/files.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using testing::IsOk;
using testing::StatusIs;

TEST(RunDirectory, IsMadeWithItsParentsAndTheConfiguration) {
  const testing::TempDir dir;
  const auto run = CreateRunDirectory(dir.path() / "runs" / "first", "epochs=3\n");
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(*ReadFile(run->config()), "epochs=3\n");
}

TEST(RunDirectory, OneThatHoldsAnythingIsRefusedAndLeftAlone) {
  const testing::TempDir dir;
  ASSERT_THAT(WriteFileAtomically(dir.path() / "mine.txt", "x"), IsOk());
  EXPECT_THAT(
      CreateRunDirectory(dir.path(), ""),
      StatusIs(absl::StatusCode::kAlreadyExists, ::testing::HasSubstr("never written over")));
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "config.toml"));
}

TEST(RunDirectory, AnEmptyFolderIsFree) {
  const testing::TempDir dir;
  EXPECT_THAT(CheckRunDirectoryIsFree(dir.path()), IsOk());
}

TEST(RunDirectory, AFileIsRefused) {
  const testing::TempDir dir;
  ASSERT_THAT(WriteFileAtomically(dir.path() / "run", "x"), IsOk());
  EXPECT_THAT(CheckRunDirectoryIsFree(dir.path() / "run"),
              StatusIs(absl::StatusCode::kAlreadyExists));
}

}  // namespace
}  // namespace distill
