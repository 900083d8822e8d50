#include "student_trainer/views/channels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace distill {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(ChannelsTest, GreyIsRepeated) {
  const Image rgb = WithChannels({1, 1, 2, {10, 200}}, 3);
  EXPECT_EQ(rgb.channels, 3);
  EXPECT_THAT(rgb.pixels, ElementsAre(10, 200, 10, 200, 10, 200));
}

// Pillow 13: Image.fromarray(…).convert("L") of (255, 0, 0), (0, 255, 0), (0, 0, 255), (1, 2, 3).
TEST(ChannelsTest, RgbBecomesPillowsGrey) {
  const Image grey = WithChannels({3, 2, 2, {255, 0, 0, 1, 0, 255, 0, 2, 0, 0, 255, 3}}, 1);
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.height, 2);
  EXPECT_THAT(grey.pixels, ElementsAre(76, 150, 29, 2));
}

TEST(ChannelsTest, GreyThatWasRepeatedComesBack) {
  for (int value = 0; value < 256; ++value) {
    const Image grey{1, 1, 1, {static_cast<uint8_t>(value)}};
    EXPECT_THAT(WithChannels(WithChannels(grey, 3), 1).pixels, Each(value));
  }
}

TEST(ChannelsTest, AnImageOfTheWantedChannelsIsItself) {
  const Image image{3, 1, 1, {1, 2, 3}};
  EXPECT_THAT(WithChannels(image, 3).pixels, ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace distill
