// Files that are not images, or are broken, are rejected as DATA_LOSS with a message, and never
// cause a crash. The test is meant for the sanitizers.
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "student_trainer/data/images/decode_image.h"
#include "tests/student_trainer/data/images/encoded_images.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Refusal(const std::string& file) {
  const absl::Status status = DecodeImage(AsSpan(file), 3).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  const std::string message(status.message());
  EXPECT_THAT(message, testing::FollowsGrammar());
  return message;
}

// One of each kind.
std::vector<std::string> Files() {
  const Pixels rgb = Gradient(20, 30, 3);
  return {Png(rgb),
          Png(rgb, {.interlaced = true, .orientation = 6}),
          Png(Gradient(20, 30, 1)),
          Jpeg(rgb),
          Jpeg(rgb, TJFLAG_PROGRESSIVE),
          WithOrientation(Jpeg(Gradient(20, 30, 1)), 8),
          Jpeg(Gradient(20, 30, 4))};
}

TEST(MalformedImageTest, EmptyFileIsNamedSo) {
  EXPECT_THAT(Refusal(""), HasSubstr("the file: it is empty"));
  EXPECT_EQ(ReadImageSize({}).status().code(), absl::StatusCode::kDataLoss);
}

TEST(MalformedImageTest, UnknownFormatIsToldWithTheKnownOnes) {
  for (const char* const file : {"GIF89a", "<html>", "B", "\xff\xd8"}) {
    EXPECT_THAT(Refusal(file),
                AllOf(HasSubstr("format is not known"), HasSubstr("JPEG"), HasSubstr("PNG")));
  }
  EXPECT_THAT(Refusal("GIF89a"), HasSubstr("0x47494638"));
}

TEST(MalformedImageTest, EveryTruncationIsRefused) {
  for (const std::string& file : Files()) {
    ASSERT_TRUE(DecodeImage(AsSpan(file), 3).ok());
    // The last twelve bytes of a PNG are its end chunk, which some writers leave out, and the four
    // before them the checksum of the image, which is whole.
    const size_t end = file.size() - (file[1] == 'P' ? 16 : 0);
    for (size_t length = 0; length < end; ++length) {
      const std::string truncated = file.substr(0, length);
      EXPECT_EQ(DecodeImage(AsSpan(truncated), 3).status().code(), absl::StatusCode::kDataLoss)
          << length << " of " << file.size() << " bytes of " << file.substr(1, 3);
    }
    EXPECT_THAT(Refusal(file.substr(0, file.size() / 2)), HasSubstr("truncated or corrupt"));
  }
}

TEST(MalformedImageTest, MutatedFilesAreRefusedOrDecodedInFull) {
  SplitMix64 random(1);
  int refused = 0, decoded = 0;
  for (const std::string& file : Files()) {
    for (int i = 0; i < 1000; ++i) {
      std::string mutated = file;
      for (uint64_t change = random.Below(4) + 1; change > 0; --change) {
        mutated[random.Below(mutated.size())] ^= static_cast<char>(1 << random.Below(8));
      }
      // Files that announce another size are not decoded, which would only take long.
      const absl::StatusOr<ImageSize> size = ReadImageSize(AsSpan(mutated));
      if (size.ok() && size->height * size->width > 1'000'000) continue;
      const absl::StatusOr<Image> image = DecodeImage(AsSpan(mutated), 3);
      if (!image.ok()) {
        EXPECT_EQ(image.status().code(), absl::StatusCode::kDataLoss) << image.status();
        ++refused;
        continue;
      }
      EXPECT_EQ(*size, (ImageSize{image->height, image->width}));
      EXPECT_EQ(static_cast<int64_t>(image->pixels.size()), 3 * image->height * image->width);
      ++decoded;
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(decoded, 100);
}

TEST(MalformedImageTest, GarbageBehindTheFirstBytesIsRefused) {
  SplitMix64 random(2);
  for (const char* const first : {"\xff\xd8\xff", "\x89PNG\r\n\x1a\n", ""}) {
    for (int i = 0; i < 300; ++i) {
      std::string file = first;
      for (uint64_t n = random.Below(300); n > 0; --n) {
        file.push_back(static_cast<char>(random.Below(256)));
      }
      EXPECT_FALSE(DecodeImage(AsSpan(file), 3).ok());
    }
  }
}

// Sets the sides in the header of a PNG, with the chunk's checksum.
std::string PngOfSize(uint32_t width, uint32_t height) {
  std::string png = Png(Gradient(2, 2, 3));
  png.replace(16, 8, BigEndian32(width) + BigEndian32(height));
  const uint32_t checksum =
      static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(png.data()) + 12, 17));
  return png.replace(29, 4, BigEndian32(checksum));
}

// Sets the sides in the frame header of a JPEG.
std::string JpegOfSize(uint16_t width, uint16_t height) {
  std::string jpeg = Jpeg(Gradient(8, 8, 3));
  const size_t frame = jpeg.find("\xff\xc0");
  EXPECT_NE(frame, std::string::npos);
  return jpeg.replace(frame + 5, 4, BigEndian32(static_cast<uint32_t>(height) << 16 | width));
}

TEST(MalformedImageTest, MorePixelsThanTheLimitAreRefusedFromTheHeader) {
  for (const std::string& file : {PngOfSize(20'000, 20'000), JpegOfSize(20'000, 20'000)}) {
    EXPECT_THAT(Refusal(file), AllOf(HasSubstr("20000 x 20000"), HasSubstr("178956970")));
    EXPECT_EQ(ReadImageSize(AsSpan(file)).status().code(), absl::StatusCode::kDataLoss);
  }
  Refusal(PngOfSize(0x7fffffff, 0x7fffffff));
}

TEST(MalformedImageTest, TheLimitItselfIsAllowed) {
  const auto size = ReadImageSize(AsSpan(PngOfSize(kMaxImagePixels / 5, 5)));
  ASSERT_TRUE(size.ok()) << size.status();
  EXPECT_EQ(*size, (ImageSize{5, kMaxImagePixels / 5}));
  EXPECT_FALSE(ReadImageSize(AsSpan(PngOfSize(kMaxImagePixels / 5 + 1, 5))).ok());
}

TEST(MalformedImageTest, ImageWithoutPixelsIsRefused) {
  Refusal(PngOfSize(0, 5));
  Refusal(JpegOfSize(5, 0));
}

}  // namespace
}  // namespace distill
