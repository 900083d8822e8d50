// Files of every kind that Pillow opens have Pillow's pixels; tests/golden/pictures.py made them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "common/base/sha256.h"
#include "student_trainer/data/images/decode_image.h"
#include "tests/student_trainer/data/images/encoded_images.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::IsOk;
using testing::StatusIs;

nlohmann::json ReadPictures() {
  std::ifstream file(DISTILL_GOLDEN_FOLDER "/pictures.json");
  return nlohmann::json::parse(file);
}

// Pixel after pixel, as Pillow's tobytes.
std::string RgbDigest(const Image& image) {
  const auto plane = static_cast<size_t>(image.height * image.width);
  std::string rgb;
  for (size_t i = 0; i < plane; ++i) {
    for (size_t channel = 0; channel < 3; ++channel) {
      rgb.push_back(static_cast<char>(image.pixels[channel * plane + i]));
    }
  }
  Sha256 digest;
  digest.Update(rgb);
  return digest.HexDigest();
}

// Kinds that a decoder warns of though their pixels are whole.
bool IsRemarkable(const std::string& kind) {
  for (const char* const part :
       {"JFIF 0.00", "JFIF 2.00", "zeros before its end", "between segments", "end chunk"}) {
    if (absl::StrContains(kind, part)) return true;
  }
  return false;
}

TEST(PicturesTest, EveryKindHasPillowsPixelsOrIsRefusedAsThere) {
  for (const nlohmann::json& picture : ReadPictures()) {
    const std::string kind = picture["kind"];
    std::string file;
    ASSERT_TRUE(absl::Base64Unescape(picture["file"].get<std::string>(), &file));
    std::string remark = "left from before";
    const auto image = DecodeImage(AsSpan(file), 3, kMaxImagePixels, &remark);
    if (picture["width"].is_null()) {
      EXPECT_THAT(image, StatusIs(absl::StatusCode::kDataLoss)) << kind;
      continue;
    }
    ASSERT_THAT(image, IsOk()) << kind;
    EXPECT_EQ(image->width, picture["width"]) << kind;
    EXPECT_EQ(image->height, picture["height"]) << kind;
    EXPECT_EQ(RgbDigest(*image), picture["rgb_sha256"].get<std::string>()) << kind;
    EXPECT_EQ(!remark.empty(), IsRemarkable(kind)) << kind << ": '" << remark << "'";
    EXPECT_EQ(*ReadImageSize(AsSpan(file)), (ImageSize{image->height, image->width})) << kind;
  }
}

TEST(PicturesTest, MorePixelsThanAllowedAreRefusedWithTheOption) {
  const std::string png = Png(Gradient(10, 10, 3));
  EXPECT_THAT(DecodeImage(AsSpan(png), 3, 100), IsOk());
  EXPECT_THAT(DecodeImage(AsSpan(png), 3, 99),
              testing::ErrorIs(absl::StatusCode::kDataLoss,
                               ::testing::HasSubstr("10 x 10; must be `max_pixels`, 99, at most")));
}

}  // namespace
}  // namespace distill
