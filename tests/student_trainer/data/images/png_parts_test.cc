#include "student_trainer/data/images/png_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <string>

#include "tests/student_trainer/data/images/encoded_images.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string Text(absl::Span<const uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

std::string Joined(const PngParts& parts) {
  std::string joined;
  for (const absl::Span<const uint8_t> part : parts.image) joined += Text(part);
  return joined;
}

TEST(PngPartsTest, WhatDecidesThePixelsIsKeptInOrder) {
  const std::string png = Png(Gradient(4, 6, 3));  // of no other chunks
  const std::string more = PngChunkOf("gAMA", "") + PngChunkOf("eXIf", "MM") +
                           PngChunkOf("zTXt", std::string(70000, 'x'));
  for (const std::string& file :
       {png, WithBefore("IDAT", png, more), WithBefore("IEND", png, more), png + "more"}) {
    const auto parts = FindPngParts(AsSpan(file));
    ASSERT_THAT(parts, testing::IsOk());
    EXPECT_EQ(Joined(*parts), png);
    EXPECT_TRUE(parts->has_end);
  }
}

TEST(PngPartsTest, PartsThatFollowEachOtherAreOne) {
  std::string png = Png(Gradient(4, 6, 3));
  for (int i = 0; i < 1000; ++i) png = WithBefore("IDAT", png, PngChunkOf("IDAT", ""));
  png = WithBefore("IDAT", png, PngChunkOf("tEXt", "a"));
  const auto parts = FindPngParts(AsSpan(png));
  ASSERT_THAT(parts, testing::IsOk());
  EXPECT_THAT(parts->image, SizeIs(3));  // the header, the image and the end
}

TEST(PngPartsTest, TheLastExifCountsWhereverItIs) {
  const std::string png = Png(Gradient(4, 6, 3));
  const std::string first = WithBefore("IDAT", png, PngChunkOf("eXIf", "MM1"));
  const auto exif = [](const std::string& file) { return Text(FindPngParts(AsSpan(file))->exif); };
  EXPECT_EQ(exif(png), "");
  EXPECT_EQ(exif(first), "MM1");
  EXPECT_EQ(exif(WithBefore("IDAT", first, PngChunkOf("eXIf", "MM2"))), "MM2");
  EXPECT_EQ(exif(WithBefore("IEND", first, PngChunkOf("eXIf", "MM2"))), "MM2");
  EXPECT_EQ(exif(WithBefore("IEND", first, PngChunkOf("eXIf", ""))), "");
}

TEST(PngPartsTest, AFileThatEndsEarlyIsKeptUpToThere) {
  const std::string png = Png(Gradient(4, 6, 3));
  for (size_t length = std::size(kPngSignature); length < png.size(); ++length) {
    const std::string cut = png.substr(0, length);
    const auto parts = FindPngParts(AsSpan(cut));
    ASSERT_THAT(parts, testing::IsOk());
    EXPECT_EQ(Joined(*parts), cut);
    EXPECT_FALSE(parts->has_end);
  }
}

TEST(PngPartsTest, AWrongChecksumIsRefusedBeforeTheImageAlone) {
  const std::string png = Png(Gradient(4, 6, 3));
  std::string text = PngChunkOf("tEXt", "key");
  text.back() ^= 1;
  const std::string before = WithBefore("IDAT", png, text);
  EXPECT_THAT(FindPngParts(AsSpan(before)),
              testing::ErrorIs(absl::StatusCode::kDataLoss,
                               HasSubstr("its chunk 'tEXt' has a wrong checksum")));
  const std::string behind = WithBefore("IEND", png, text);
  EXPECT_THAT(FindPngParts(AsSpan(behind)), testing::IsOk());
}

}  // namespace
}  // namespace distill
