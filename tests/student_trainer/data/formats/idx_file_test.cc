#include "student_trainer/data/formats/idx_file.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/student_trainer/testing/test_files.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::HasSubstr;

TEST(IdxFileTest, ImagesWithoutChannelsGetOne) {
  const TemporaryFolder folder;
  for (const std::string& contents : {ImagesFile(2), Gzip(ImagesFile(2))}) {
    const auto images = ReadIdx(folder.Write("images", contents), IdxKind::kImages);
    ASSERT_TRUE(images.ok()) << images.status();
    EXPECT_EQ(images->dtype, DType::kUint8);
    EXPECT_EQ(images->shape, (Shape{2, 1, 2, 3}));
    EXPECT_EQ(images->bytes.ToString(), Counting(12));
  }
}

TEST(IdxFileTest, ImagesWithChannelsKeepThem) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("images", Idx(0x00000804, {2, 3, 1, 2}, Counting(12)));
  const auto images = ReadIdx(path, IdxKind::kImages);
  ASSERT_TRUE(images.ok()) << images.status();
  EXPECT_EQ(images->shape, (Shape{2, 3, 1, 2}));
  EXPECT_EQ(images->bytes.ToString(), Counting(12));
}

TEST(IdxFileTest, LabelsAreOneNumberASample) {
  const TemporaryFolder folder;
  const auto labels = ReadIdx(folder.Write("l", Gzip(LabelsFile({3, 0, 255}))), IdxKind::kLabels);
  ASSERT_TRUE(labels.ok()) << labels.status();
  EXPECT_EQ(labels->shape, (Shape{3}));
  EXPECT_EQ(labels->bytes.ToString(), "\x03" + std::string(1, '\0') + "\xff");
}

// The file has a hole, so it takes no space on the disk.
TEST(IdxFileTest, ElementsOfALargeFileAreReadFromTheDisk) {
  constexpr uint32_t kImages = 300;
  constexpr size_t kImageBytes = size_t{1} << 20;
  const TemporaryFolder folder;
  const std::string path = folder.Write("images", Idx(0x00000803, {kImages, 1024, 1024}, ""));
  const size_t header_bytes = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, header_bytes + kImages * kImageBytes);
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary)
          .seekp(static_cast<std::streamoff>(header_bytes + 299 * kImageBytes))
      << "abc";
  const auto file = IdxFile::Open(path, IdxKind::kImages);
  ASSERT_TRUE(file.ok()) << file.status();
  std::vector<uint8_t> elements(4, 7);
  ASSERT_TRUE(file->Read(299 * kImageBytes, absl::MakeSpan(elements)).ok());
  EXPECT_EQ(elements, (std::vector<uint8_t>{'a', 'b', 'c', 0}));

  std::filesystem::resize_file(path, header_bytes + 299 * kImageBytes);
  const absl::Status shorter = file->Read(299 * kImageBytes, absl::MakeSpan(elements));
  EXPECT_EQ(shorter.code(), absl::StatusCode::kFailedPrecondition) << shorter;
  EXPECT_THAT(std::string(shorter.message()), HasSubstr("images: it has become shorter"));
}

struct BadFile {
  std::string contents;
  IdxKind kind;
  std::string message;
};

TEST(IdxFileTest, MalformedFilesAreNamedWithWhatWasExpected) {
  const std::string images = ImagesFile(2);
  const uint32_t most = 0xffffffff;
  const std::vector<BadFile> cases = {
      {"", IdxKind::kImages, "it holds 0 bytes, too few for an IDX magic number"},
      {images.substr(0, 3), IdxKind::kImages, "it holds 3 bytes, too few"},
      {images.substr(0, 15), IdxKind::kImages, "it holds 15 bytes, its IDX header has 16"},
      {Gzip(images.substr(0, 15)), IdxKind::kImages, "it holds 15 bytes, its IDX header has 16"},
      {LabelsFile({1, 2}), IdxKind::kImages,
       "magic number is 0x00000801 (IDX labels); must be that of uint8 IDX images, 0x00000803"},
      {images, IdxKind::kLabels,
       "magic number is 0x00000803 (IDX images); must be that of uint8 IDX labels, 0x00000801"},
      {Idx(0x00000d03, {1, 1, 1}, "1234"), IdxKind::kImages, "magic number is 0x00000d03; must be"},
      {"PNG, say", IdxKind::kImages, "magic number is 0x504e472c; must be"},
      {images.substr(0, images.size() - 1), IdxKind::kImages,
       "the number of bytes is 27; must be 28 (the header announces [2, 1, 2, 3])"},
      {images + "x", IdxKind::kImages, "the number of bytes is 29; must be 28"},
      {Gzip(images.substr(0, images.size() - 1)), IdxKind::kImages,
       "elements of shape [2, 1, 2, 3]: the gzip stream: it holds 27 bytes instead of 28"},
      {Gzip(images + "x"), IdxKind::kImages, "it holds more than 28 bytes"},
      {Gzip(images) + "x", IdxKind::kImages, "truncated"},
      {Gzip(images).substr(0, 30), IdxKind::kImages, "truncated"},
      {Idx(0x00000803, {most, most, most}, "x"), IdxKind::kImages, "impossible dimensions"},
      {Idx(0x00000804, {most, most, most, most}, "x"), IdxKind::kImages, "impossible dimensions"},
      {Idx(0x00000803, {most, 1000, 1000}, "x"), IdxKind::kImages,
       "the number of bytes is 17; must be 4294967295000016"},
      {Gzip(Idx(0x00000803, {most, 1000, 1000}, "x")), IdxKind::kImages,
       "it cannot hold 4294967295000016 bytes"},
  };
  const TemporaryFolder folder;
  for (const BadFile& bad : cases) {
    const std::string path = folder.Write("bad", bad.contents);
    const absl::Status status = ReadIdx(path, bad.kind).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << bad.message;
    EXPECT_THAT(std::string(status.message()),
                ::testing::AllOf(HasSubstr(bad.message), testing::FollowsGrammar()));
    EXPECT_THAT(std::string(status.message()), HasSubstr(path));
  }
}

TEST(IdxFileTest, MissingFilesAndFoldersKeepTheirOwnCodes) {
  const TemporaryFolder folder;
  EXPECT_EQ(ReadIdx(folder.path() / "none", IdxKind::kImages).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadIdx(folder.path(), IdxKind::kImages).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace distill
