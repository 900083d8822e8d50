#include "student_trainer/logs/append_file.h"

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

class AppendFileTest : public ::testing::Test {
 protected:
  std::string Contents() const { return *ReadFile(path_); }

  const testing::TempDir dir_;
  const std::filesystem::path path_ = dir_.path() / "log";
};

TEST_F(AppendFileTest, WritesAtOnceAndKnowsItsSize) {
  auto file = AppendFile::Open(path_, 0);
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT(file->Append("one\n"), IsOk());
  EXPECT_EQ(Contents(), "one\n");
  ASSERT_THAT(file->Append("two\n"), IsOk());
  EXPECT_EQ(Contents(), "one\ntwo\n");
  EXPECT_EQ(file->bytes(), 8);
}

TEST_F(AppendFileTest, GoesOnAfterWhatBelongsToTheCheckpoint) {
  ASSERT_THAT(WriteFileAtomically(path_, "one\ntwo\nthr"), IsOk());
  auto file = AppendFile::Open(path_, 4);
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(Contents(), "one\n");
  ASSERT_THAT(file->Append("nine\n"), IsOk());
  EXPECT_EQ(Contents(), "one\nnine\n");
  EXPECT_EQ(file->bytes(), 9);
}

TEST_F(AppendFileTest, AFileThatHasLostLinesIsRefused) {
  ASSERT_THAT(WriteFileAtomically(path_, "one\n"), IsOk());
  EXPECT_THAT(AppendFile::Open(path_, 12),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/log")));
  EXPECT_EQ(Contents(), "one\n");
}

TEST_F(AppendFileTest, AFolderThatIsNotThereIsNamed) {
  EXPECT_THAT(AppendFile::Open("/no/such/folder/log", 0),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such/folder")));
}

}  // namespace
}  // namespace distill
