#include "common/tensor/mapped_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <string>

#include "common/base/files.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::TempDir;

TEST(MappedFileTest, ShowsTheFileInOnePiece) {
  const TempDir temp;
  const std::string contents(100'000, 'x');
  ASSERT_THAT(WriteFileAtomically(temp / "file", contents), IsOk());
  const absl::StatusOr<Bytes> bytes = MapFile(temp / "file");
  ASSERT_THAT(bytes, IsOk());
  EXPECT_EQ(bytes->num_pieces(), 1u);
  EXPECT_EQ(bytes->ToString(), contents);
}

TEST(MappedFileTest, PagesThatWereReleasedAreReadAgain) {
  const TempDir temp;
  const std::string contents(100'000, 'x');
  ASSERT_THAT(WriteFileAtomically(temp / "file", contents), IsOk());
  const absl::StatusOr<Bytes> bytes = MapFile(temp / "file");
  ASSERT_THAT(bytes, IsOk());
  EXPECT_EQ(bytes->ToString(), contents);
  ReleasePages(bytes->Slice(5'000, 50'000));
  EXPECT_EQ(bytes->ToString(), contents);
  ReleasePages(Bytes());
}

TEST(MappedFileTest, AnEmptyFileIsNothing) {
  const TempDir temp;
  ASSERT_THAT(WriteFileAtomically(temp / "file", ""), IsOk());
  EXPECT_TRUE(MapFile(temp / "file")->empty());
}

TEST(MappedFileTest, OutlivesTheFileThatWasReplacedOrRemoved) {
  const TempDir temp;
  ASSERT_THAT(WriteFileAtomically(temp / "file", "old"), IsOk());
  const Bytes bytes = MapFile(temp / "file")->Slice(1, 2);
  ASSERT_THAT(WriteFileAtomically(temp / "file", "new"), IsOk());
  EXPECT_EQ(bytes.ToString(), "ld");
  std::filesystem::remove(temp / "file");
  EXPECT_EQ(bytes.ToString(), "ld");
}

TEST(MappedFileTest, WhatIsNoFileIsNamed) {
  const TempDir temp;
  ASSERT_EQ(::mkfifo((temp / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(MapFile(temp / "absent"),
              ErrorIs(absl::StatusCode::kNotFound, HasSubstr((temp / "absent").string())));
  for (const std::filesystem::path& path : {temp.path(), temp / "pipe"}) {
    EXPECT_THAT(MapFile(path),
                ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path.string())));
  }
}

}  // namespace
}  // namespace distill
