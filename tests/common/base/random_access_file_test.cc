#include "common/base/random_access_file.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "common/base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class RandomAccessFileTest : public ::testing::Test {
 protected:
  RandomAccessFile Open(const std::string& contents) {
    EXPECT_TRUE(WriteFileAtomically(path_, contents).ok());
    auto file = RandomAccessFile::Open(path_);
    EXPECT_TRUE(file.ok()) << file.status();
    return *std::move(file);
  }

  const testing::TempDir folder_;
  const std::filesystem::path path_ = folder_ / "file";
};

std::string ReadAt(const RandomAccessFile& file, uint64_t offset, size_t size) {
  std::string bytes(size, '\0');
  const absl::Status status = file.ReadAt(offset, {reinterpret_cast<uint8_t*>(bytes.data()), size});
  EXPECT_TRUE(status.ok()) << status;
  return bytes;
}

TEST_F(RandomAccessFileTest, ReadsAnyPart) {
  const RandomAccessFile file = Open("0123456789");
  EXPECT_EQ(file.size(), 10u);
  EXPECT_EQ(file.path(), path_);
  EXPECT_EQ(ReadAt(file, 7, 3), "789");
  EXPECT_EQ(ReadAt(file, 0, 10), "0123456789");
  EXPECT_EQ(ReadAt(file, 10, 0), "");
}

TEST_F(RandomAccessFileTest, WhatLiesBeyondTheEndIsRefused) {
  const RandomAccessFile file = Open("0123456789");
  std::vector<uint8_t> two(2);
  for (const uint64_t offset : {uint64_t{9}, uint64_t{11}, UINT64_MAX}) {
    const absl::Status status = file.ReadAt(offset, absl::MakeSpan(two));
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
    EXPECT_THAT(std::string(status.message()), HasSubstr(path_.string()));
  }
}

TEST_F(RandomAccessFileTest, FileThatBecameShorterIsNamed) {
  const RandomAccessFile file = Open("0123456789");
  std::filesystem::resize_file(path_, 4);
  EXPECT_EQ(ReadAt(file, 0, 4), "0123");
  std::vector<uint8_t> bytes(5);
  const absl::Status status = file.ReadAt(2, absl::MakeSpan(bytes));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(path_.string()), HasSubstr("it has become shorter and ends at 4")));
}

TEST_F(RandomAccessFileTest, MovedFileStaysOpen) {
  RandomAccessFile first = Open("abc");
  RandomAccessFile second = Open("def");  // replaces the file by a rename
  EXPECT_EQ(ReadAt(first, 0, 3), "abc");
  first = std::move(second);
  const RandomAccessFile third = std::move(first);
  EXPECT_EQ(ReadAt(third, 0, 3), "def");
}

TEST_F(RandomAccessFileTest, ThreadsReadTheirOwnParts) {
  std::string contents;
  for (int i = 0; i < 4000; ++i) contents.push_back(static_cast<char>(i % 251));
  const RandomAccessFile file = Open(contents);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t at = t; at + 7 < contents.size(); at += 13) {
        EXPECT_EQ(ReadAt(file, at, 7), contents.substr(at, 7));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(RandomAccessFileTest, MissingFilesAndFoldersKeepTheirOwnCodes) {
  EXPECT_EQ(RandomAccessFile::Open(folder_ / "none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(RandomAccessFile::Open(folder_.path()).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace distill
