#include "student_trainer/data/images/decode_image.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/student_trainer/data/images/encoded_images.h"

namespace distill {
namespace {

using ::testing::ElementsAre;

Image Decode(const std::string& file, int channels = 3) {
  const absl::StatusOr<Image> image = DecodeImage(AsSpan(file), channels);
  EXPECT_TRUE(image.ok()) << image.status();
  if (!image.ok()) return {};
  EXPECT_EQ(image->channels, channels);
  EXPECT_EQ(static_cast<int64_t>(image->pixels.size()), channels * image->height * image->width);
  const absl::StatusOr<ImageSize> size = ReadImageSize(AsSpan(file));
  EXPECT_TRUE(size.ok()) << size.status();
  EXPECT_EQ(size.value_or(ImageSize{}), (ImageSize{image->height, image->width}));
  return *image;
}

// [height, width, channels] → [channels, height, width].
std::vector<uint8_t> Planes(const Pixels& pixels) {
  std::vector<uint8_t> planes;
  for (int c = 0; c < pixels.channels; ++c) {
    for (size_t i = static_cast<size_t>(c); i < pixels.bytes.size();
         i += static_cast<size_t>(pixels.channels)) {
      planes.push_back(pixels.bytes[i]);
    }
  }
  return planes;
}

int LargestDifference(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  EXPECT_EQ(a.size(), b.size());
  int largest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    largest = std::max(largest, std::abs(a[i] - b[i]));
  }
  return largest;
}

TEST(DecodeImageTest, PngGivesItsPixelsPlaneAfterPlane) {
  for (const bool interlaced : {false, true}) {
    const Pixels pixels = Gradient(5, 7, 3);
    const Image image = Decode(Png(pixels, {.interlaced = interlaced}));
    EXPECT_EQ(image.height, 5);
    EXPECT_EQ(image.width, 7);
    EXPECT_EQ(image.pixels, Planes(pixels));
  }
}

TEST(DecodeImageTest, JpegGivesItsPixelsUpToCompression) {
  const Pixels pixels = Gradient(9, 14, 3);
  for (const int flags : {0, TJFLAG_PROGRESSIVE}) {
    const Image image = Decode(Jpeg(pixels, flags));
    EXPECT_EQ(image.height, 9);
    EXPECT_EQ(image.width, 14);
    EXPECT_LE(LargestDifference(image.pixels, Planes(pixels)), 2);
  }
}

TEST(DecodeImageTest, GreyIsRepeatedIntoRgb) {
  const Pixels pixels = Gradient(4, 6, 1);
  for (const std::string& file : {Png(pixels), Jpeg(pixels)}) {
    const Image grey = Decode(file, 1);
    EXPECT_LE(LargestDifference(grey.pixels, pixels.bytes), 1);
    std::vector<uint8_t> thrice;
    for (int c = 0; c < 3; ++c) {
      thrice.insert(thrice.end(), grey.pixels.begin(), grey.pixels.end());
    }
    EXPECT_EQ(Decode(file, 3).pixels, thrice);
  }
}

// Values of Pillow's convert("L").
TEST(DecodeImageTest, RgbBecomesGreyByItuR601) {
  const Pixels pixels = {
      1, 6, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 100, 150, 200, 1, 2, 3}};
  EXPECT_THAT(Decode(Png(pixels), 1).pixels, ElementsAre(76, 150, 29, 255, 141, 2));
}

TEST(DecodeImageTest, AlphaIsDropped) {
  const std::string rgba("\x0a\x14\x1e\x00\x28\x32\x3c\x80", 8);
  EXPECT_THAT(Decode(Png(2, 1, rgba, {.color_type = SPNG_COLOR_TYPE_TRUECOLOR_ALPHA})).pixels,
              ElementsAre(10, 40, 20, 50, 30, 60));
  const std::string grey_alpha("\x0a\x00\x14\x80", 4);
  EXPECT_THAT(
      Decode(Png(2, 1, grey_alpha, {.color_type = SPNG_COLOR_TYPE_GRAYSCALE_ALPHA}), 1).pixels,
      ElementsAre(10, 20));
}

TEST(DecodeImageTest, PaletteIsLookedUp) {
  const PngOptions options = {.color_type = SPNG_COLOR_TYPE_INDEXED,
                              .palette = {{1, 2, 3, 255}, {40, 50, 60, 255}, {7, 8, 9, 255}}};
  EXPECT_THAT(Decode(Png(3, 1, std::string("\2\0\1", 3), options)).pixels,
              ElementsAre(7, 1, 40, 8, 2, 50, 9, 3, 60));
}

TEST(DecodeImageTest, OfSixteenBitsTheUpperEightAreKept) {
  const std::vector<uint16_t> grey = {0x1234, 0xff80, 0x00ff};
  const std::string rows(reinterpret_cast<const char*>(grey.data()), 6);
  const PngOptions options = {.color_type = SPNG_COLOR_TYPE_GRAYSCALE, .bit_depth = 16};
  EXPECT_THAT(Decode(Png(3, 1, rows, options), 1).pixels, ElementsAre(0x12, 0xff, 0x00));
}

TEST(DecodeImageTest, FewerBitsAreScaledToEight) {
  const PngOptions options = {.color_type = SPNG_COLOR_TYPE_GRAYSCALE, .bit_depth = 2};
  EXPECT_THAT(Decode(Png(4, 1, std::string(1, 0b00'01'10'11), options), 1).pixels,
              ElementsAre(0, 85, 170, 255));
}

// Values of Pillow's convert("RGB"), which assumes that CMYK is inverted, as Adobe writes it.
TEST(DecodeImageTest, CmykBecomesRgb) {
  const std::vector<std::vector<uint8_t>> cases = {
      // as stored, then red, green, blue
      {255, 255, 255, 255, 255, 255, 255},  // no ink
      {255, 255, 255, 0, 0, 0, 0},          // black
      {0, 255, 255, 255, 0, 255, 255},      // cyan
      {100, 150, 200, 128, 50, 75, 100},
  };
  for (const std::vector<uint8_t>& expected : cases) {
    Pixels pixels{8, 8, 4, {}};
    for (int i = 0; i < 64; ++i) {
      pixels.bytes.insert(pixels.bytes.end(), expected.begin(), expected.begin() + 4);
    }
    const Image image = Decode(Jpeg(pixels));
    for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(image.pixels[64 * c], expected[4 + c], 2);
  }
}

// Returns where the stored pixel (y, x) of height × width is shown, from the definition in EXIF:
// the sides of the scene that the first row and the first column are on.
std::pair<int64_t, int64_t> Seen(int orientation, int64_t y, int64_t x, int64_t height,
                                 int64_t width) {
  const int64_t from_bottom = height - 1 - y, from_right = width - 1 - x;
  switch (orientation) {
    case 1:  // row 0 top, column 0 left
      return {y, x};
    case 2:  // top, right
      return {y, from_right};
    case 3:  // bottom, right
      return {from_bottom, from_right};
    case 4:  // bottom, left
      return {from_bottom, x};
    case 5:  // left, top
      return {x, y};
    case 6:  // right, top
      return {x, from_bottom};
    case 7:  // right, bottom
      return {from_right, from_bottom};
    default:  // left, bottom
      return {from_right, y};
  }
}

TEST(DecodeImageTest, EveryOrientationIsTurnedUpright) {
  const Pixels pixels = Gradient(5, 9, 3);
  const Image stored = Decode(Png(pixels));
  const Image stored_jpeg = Decode(Jpeg(pixels));
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Image png = Decode(Png(pixels, {.orientation = orientation}));
    const Image jpeg = Decode(WithOrientation(Jpeg(pixels), orientation));
    const bool swapped = orientation >= 5;
    ASSERT_EQ(png.height, swapped ? 9 : 5) << orientation;
    ASSERT_EQ(jpeg.width, swapped ? 5 : 9) << orientation;
    for (int64_t c = 0; c < 3; ++c) {
      for (int64_t y = 0; y < 5; ++y) {
        for (int64_t x = 0; x < 9; ++x) {
          const auto [to_y, to_x] = Seen(orientation, y, x, 5, 9);
          const auto from = static_cast<size_t>((c * 5 + y) * 9 + x);
          const auto to = static_cast<size_t>((c * png.height + to_y) * png.width + to_x);
          EXPECT_EQ(png.pixels[to], stored.pixels[from]) << orientation;
          EXPECT_EQ(jpeg.pixels[to], stored_jpeg.pixels[from]) << orientation;
        }
      }
    }
  }
}

TEST(DecodeImageTest, OrientationThatIsNoneCountsAsUpright) {
  const std::string jpeg = Jpeg(Gradient(4, 6, 3));
  const Image upright = Decode(jpeg);
  for (const int orientation : {0, 9, 255}) {
    EXPECT_EQ(Decode(WithOrientation(jpeg, orientation)).pixels, upright.pixels);
  }
  std::string broken = WithOrientation(jpeg, 6);
  broken[13] = 'X';  // the order of TIFF's bytes
  EXPECT_EQ(Decode(broken).pixels, upright.pixels);
}

TEST(DecodeImageTest, AnyNumberOfTextsInAPngIsAllowed) {
  const std::string png = Png(Gradient(4, 6, 3));
  std::string texts;
  for (int i = 0; i < 2000; ++i) {
    texts += PngChunkOf("tEXt", absl::StrCat("key", i, std::string(1, '\0'), "value"));
  }
  for (const char* const place : {"IDAT", "IEND"}) {
    const std::string file = WithBefore(place, png, texts);
    std::string remark;
    ASSERT_TRUE(DecodeImage(AsSpan(file), 3, kMaxImagePixels, &remark).ok()) << place;
    EXPECT_EQ(remark, "");
    EXPECT_EQ(Decode(file).pixels, Decode(png).pixels) << place;
  }
}

TEST(DecodeImageTest, OtherNumbersOfChannelsAreRefused) {
  const std::string png = Png(Gradient(2, 2, 3));
  for (const int channels : {-1, 0, 2, 4}) {
    const absl::Status status = DecodeImage(AsSpan(png), channels).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("; must be 1 or 3"));
  }
}

}  // namespace
}  // namespace distill
