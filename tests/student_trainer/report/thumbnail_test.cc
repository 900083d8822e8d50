#include "student_trainer/report/thumbnail.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"

namespace distill {
namespace {

HostTensor Image(Shape shape, const std::string& pixels) {
  return {.dtype = DType::kUint8, .shape = std::move(shape), .bytes = Bytes::FromString(pixels)};
}

std::string PixelsOf(const nlohmann::json& image) {
  std::string pixels;
  EXPECT_TRUE(absl::Base64Unescape(image["data"].get<std::string>(), &pixels));
  return pixels;
}

TEST(ThumbnailTest, ASmallImageIsShownAsItIsWithItsChannelsTogether) {
  const nlohmann::json shown = ShownInput(Image({1, 3, 1, 2}, "rRgGbB"));
  EXPECT_EQ(shown["image"]["width"], 2);
  EXPECT_EQ(shown["image"]["height"], 1);
  EXPECT_EQ(shown["image"]["channels"], 3);
  EXPECT_EQ(PixelsOf(shown["image"]), "rgbRGB");
  EXPECT_TRUE(shown["text"].is_null());
}

TEST(ThumbnailTest, ALargeImageIsAveragedDown) {
  std::string pixels(96 * 96, '\0');
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<char>(i % 2 == 0 ? 10 : 20);
  const nlohmann::json image = ShownInput(Image({1, 1, 96, 96}, pixels))["image"];
  EXPECT_EQ(image["width"], 48);
  EXPECT_EQ(image["height"], 48);
  EXPECT_EQ(PixelsOf(image), std::string(48 * 48, 15));
}

TEST(ThumbnailTest, SidesThatDoNotDivideAreCutToWhatIsShown) {
  const nlohmann::json image = ShownInput(Image({1, 1, 100, 3}, std::string(300, 'x')))["image"];
  EXPECT_EQ(image["height"], 33);
  EXPECT_EQ(image["width"], 1);
  EXPECT_EQ(PixelsOf(image), std::string(33, 'x'));
}

TEST(ThumbnailTest, TokensAreShownAsNumbers) {
  const std::vector<int64_t> tokens = {7, -1, 300};
  std::string bytes(reinterpret_cast<const char*>(tokens.data()), 24);
  const nlohmann::json shown = ShownInput(
      {.dtype = DType::kInt64, .shape = {1, 3}, .bytes = Bytes::FromString(std::move(bytes))});
  EXPECT_TRUE(shown["image"].is_null());
  EXPECT_EQ(shown["text"], "7 -1 300");
}

TEST(ThumbnailTest, LongSequencesAreCut) {
  const nlohmann::json shown = ShownInput(Image({1, 100}, std::string(100, '\1')));
  EXPECT_EQ(shown["text"].get<std::string>().size(), 40 * 2 - 1 + std::string(" …").size());
}

}  // namespace
}  // namespace distill
