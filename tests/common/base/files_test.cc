#include "common/base/files.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::AllOf;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::TempDir;

size_t NumEntries(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator entries(folder);
  return static_cast<size_t>(std::distance(begin(entries), end(entries)));
}

TEST(FilesTest, WhatIsWrittenIsRead) {
  const TempDir temp;
  const std::string contents("a\0b\n", 4);
  ASSERT_THAT(WriteFileAtomically(temp / "file", contents), IsOk());
  EXPECT_EQ(*ReadFile(temp / "file"), contents);
}

TEST(FilesTest, AnotherOwnerIsNamedWhereAccessIsDenied) {
  const TempDir temp;
  ASSERT_THAT(WriteFileAtomically(temp / "file", ""), IsOk());
  EXPECT_EQ(OtherOwner(temp / "file"), "");
  EXPECT_EQ(OtherOwner(temp / "absent"), "");
  std::string file = "/etc/passwd", owner = "user root";
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown((temp / "file").c_str(), 54321, 54321), 0);
    file = temp / "file";
    owner = "user 54321";
  }
  EXPECT_EQ(OtherOwner(file), owner);
  EXPECT_THAT(std::string(FileError("cannot open", file, EACCES).message()),
              HasSubstr("Permission denied; it belongs to " + owner));
}

TEST(FilesTest, PiecesAreWrittenOneAfterTheOther) {
  const TempDir temp;
  ASSERT_THAT(WriteFileAtomically(temp / "file", {"one", "", "two"}), IsOk());
  EXPECT_EQ(*ReadFile(temp / "file"), "onetwo");
}

TEST(FilesTest, WritingReplacesTheFileAndLeavesNothingElse) {
  const TempDir temp;
  ASSERT_THAT(WriteFileAtomically(temp / "file", "a longer old text"), IsOk());
  ASSERT_THAT(WriteFileAtomically(temp / "file", "new"), IsOk());
  EXPECT_EQ(*ReadFile(temp / "file"), "new");
  EXPECT_EQ(NumEntries(temp.path()), 1u);
}

TEST(FilesTest, WhatAKilledWriterLeftIsRemoved) {
  const TempDir dir;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const std::filesystem::path file = dir / "report.json";
  const std::filesystem::path left = absl::StrCat(file.string(), ".tmp.", child, ".7");
  const std::filesystem::path alive = absl::StrCat(file.string(), ".tmp.", ::getppid(), ".0");
  const std::filesystem::path other = absl::StrCat((dir / "other").string(), ".tmp.", child, ".0");
  for (const auto& path : {left, alive, other}) std::ofstream(path) << "half";
  ASSERT_THAT(WriteFileAtomically(file, "whole"), IsOk());
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(alive));
  EXPECT_TRUE(std::filesystem::exists(other));
}

TEST(FilesTest, AFailedWriteNamesThePathAndLeavesNoTemporaryFile) {
  const TempDir temp;
  std::filesystem::create_directory(temp / "folder");
  EXPECT_THAT(
      WriteFileAtomically(temp / "folder", "text"),
      ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr((temp / "folder").string())));
  EXPECT_EQ(NumEntries(temp.path()), 1u);

  EXPECT_THAT(WriteFileAtomically(temp / "absent/file", "text"),
              ErrorIs(absl::StatusCode::kNotFound, HasSubstr((temp / "absent/file").string())));
}

TEST(FilesTest, ThreadsThatWriteOneFileLeaveOneOfTheirTexts) {
  const TempDir temp;
  std::vector<std::thread> writers;
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    writers.emplace_back([&temp, letter] {
      for (int i = 0; i < 5; ++i) {
        EXPECT_THAT(WriteFileAtomically(temp / "file", std::string(10'000, letter)), IsOk());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  const std::string contents = *ReadFile(temp / "file");
  EXPECT_EQ(contents, std::string(10'000, contents[0]));
  EXPECT_EQ(NumEntries(temp.path()), 1u);
}

TEST(FilesTest, WhatCannotBeReadIsNamedWithACodeThatFits) {
  const TempDir temp;
  ASSERT_THAT(WriteFileAtomically(temp / "file", "text"), IsOk());
  ASSERT_EQ(::mkfifo((temp / "pipe").c_str(), 0600), 0);
  const struct {
    std::string path;
    absl::StatusCode code;
  } cases[] = {
      {temp / "absent", absl::StatusCode::kNotFound},
      {temp.path(), absl::StatusCode::kFailedPrecondition},
      {temp / "file/below", absl::StatusCode::kFailedPrecondition},
      {temp / "pipe", absl::StatusCode::kFailedPrecondition},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ReadFile(c.path), ErrorIs(c.code, HasSubstr(c.path)));
    EXPECT_THAT(ReadFileInPieces(c.path, [](absl::string_view) { FAIL(); }),
                ErrorIs(c.code, HasSubstr(c.path)));
  }
}

TEST(FilesTest, PiecesAreBoundedAndMakeUpTheFile) {
  const TempDir temp;
  constexpr size_t kMiB = size_t{1} << 20;
  for (const size_t size : {size_t{0}, size_t{1}, kMiB, kMiB + 1, 3 * kMiB - 1}) {
    std::string contents(size, '\0');
    for (size_t i = 0; i < size; ++i) contents[i] = static_cast<char>(i % 251);
    ASSERT_THAT(WriteFileAtomically(temp / "file", contents), IsOk());
    std::string joined;
    ASSERT_THAT(ReadFileInPieces(temp / "file",
                                 [&](absl::string_view piece) {
                                   EXPECT_LE(piece.size(), kMiB);
                                   joined += std::string(piece);
                                 }),
                IsOk());
    EXPECT_TRUE(joined == contents) << size;
  }
}

TEST(FilesTest, CreateEmptyDirectoryTakesAbsentAndEmptyFoldersOnly) {
  const TempDir temp;
  EXPECT_THAT(CreateEmptyDirectory(temp / "a/b"), IsOk());
  EXPECT_TRUE(std::filesystem::is_directory(temp / "a/b"));
  EXPECT_THAT(CreateEmptyDirectory(temp / "a/b"), IsOk());
  EXPECT_THAT(CreateEmptyDirectory(temp / "a"),
              ErrorIs(absl::StatusCode::kAlreadyExists,
                      AllOf(HasSubstr((temp / "a").string()), HasSubstr("not empty"))));
  ASSERT_THAT(WriteFileAtomically(temp / "file", ""), IsOk());
  for (const char* path : {"file", "file/below"}) {
    EXPECT_THAT(CreateEmptyDirectory(temp / path),
                ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr((temp / path).string())));
  }
}

TEST(FilesTest, OnlyAFileSystemThatDoesNotSyncFoldersIsForgiven) {
  for (const int error : {EINVAL, ENOTSUP, ENOSYS}) EXPECT_TRUE(MeansNoFolderSync(error));
  for (const int error : {EIO, ENOSPC, EBADF}) EXPECT_FALSE(MeansNoFolderSync(error));
}

}  // namespace
}  // namespace distill
