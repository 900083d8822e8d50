#include "student_trainer/views/view_options.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::HasSubstr;

const Shape kShape = {3, 32, 40};

TEST(ViewOptionsTest, WhatIsOutOfRangeIsRefusedByItsName) {
  const std::vector<std::pair<std::string, ViewOptions>> cases = {
      {"`crop_scale` is 1.5; must be 0 to 1", {.crop_scale = 1.5}},
      {"`crop_scale` is nan; must be", {.crop_scale = NAN}},
      {"`pad` is -1; must be 0 or more", {.pad = -1}},
      {"`rand_augment_ops` is -1; must be 0 to 14", {.rand_augment_ops = -1}},
      {"`rand_augment_magnitude` is 31; must be", {.rand_augment_magnitude = 31}},
      {"`brightness` is -0.1; must be", {.brightness = -0.1}},
      {"`contrast` is inf; must be", {.contrast = INFINITY}},
      {"`saturation` is 11; must be", {.saturation = 11}},
      {"`hue` is 0.6; must be 0 to 0.5", {.hue = 0.6}},
      {"`mixup` is -1; must be 0 or 0.001 to 1000", {.mixup = -1}},
      {"`cutmix` is nan; must be", {.cutmix = NAN}}};
  for (const auto& [message, options] : cases) {
    EXPECT_THAT(options.Validate(),
                testing::ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  }
}

TEST(ViewOptionsTest, AnythingThatIsOnIsNoIdentity) {
  EXPECT_TRUE(ViewOptions{}.IsIdentity());
  EXPECT_TRUE((ViewOptions{.rand_augment_magnitude = 3}).IsIdentity()) << "of no operation";
  for (const ViewOptions& options : std::vector<ViewOptions>{{.crop_scale = 1},
                                                             {.pad = 1},
                                                             {.flip = true},
                                                             {.rand_augment_ops = 1},
                                                             {.brightness = 0.1},
                                                             {.contrast = 0.1},
                                                             {.saturation = 0.1},
                                                             {.hue = 0.1},
                                                             {.mixup = 0.1},
                                                             {.cutmix = 0.1}}) {
    EXPECT_FALSE(options.IsIdentity());
    EXPECT_EQ(options.Mixes(), options.mixup > 0 || options.cutmix > 0);
  }
}

TEST(ViewPresetTest, EachIsValidAndDoesMoreThanTheOneBefore) {
  EXPECT_TRUE(ViewPreset("none", kShape)->IsIdentity());
  const ViewOptions light = *ViewPreset("light", kShape);
  EXPECT_EQ(light.pad, 4);
  EXPECT_TRUE(light.flip);
  EXPECT_EQ(light.crop_scale, 0);
  const ViewOptions standard = *ViewPreset("standard", kShape);
  EXPECT_EQ(standard.crop_scale, 0.08);
  EXPECT_EQ(standard.pad, 0);
  EXPECT_TRUE(standard.flip);
  EXPECT_EQ(standard.hue, 0.1);
  EXPECT_FALSE(standard.Mixes());
  const ViewOptions strong = *ViewPreset("strong", kShape);
  EXPECT_EQ(strong.crop_scale, 0.08);
  EXPECT_EQ(strong.rand_augment_ops, 2);
  EXPECT_EQ(strong.rand_augment_magnitude, 9);
  EXPECT_EQ(strong.mixup, 0.2);
  EXPECT_EQ(strong.cutmix, 1);
  for (const ViewOptions& options : {light, standard, strong}) {
    EXPECT_TRUE(options.Validate().ok());
  }
}

TEST(ViewPresetTest, AnUnknownNameIsRefusedWithThoseKnown) {
  const absl::Status status = ViewPreset("Light", kShape).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("; must be none, light, standard or strong"));
}

TEST(ViewPresetTest, OnlyNoneFitsWhatIsNoImage) {
  EXPECT_TRUE(ViewPreset("none", {128}).ok());
  EXPECT_EQ(ViewPreset("light", {128}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ViewOverridesTest, WhatIsSetIsLaidOverThePresetAndTheRestStays) {
  const ViewOptions strong = *ViewPreset("strong", kShape);
  const ViewOptions same = ViewOverrides{}.Over(strong);
  EXPECT_EQ(same.crop_scale, strong.crop_scale);
  EXPECT_EQ(same.mixup, strong.mixup);
  const ViewOptions changed = ViewOverrides{.flip = false, .hue = 0.25, .mixup = 0}.Over(strong);
  EXPECT_FALSE(changed.flip);
  EXPECT_EQ(changed.hue, 0.25);
  EXPECT_EQ(changed.mixup, 0);
  EXPECT_EQ(changed.crop_scale, strong.crop_scale);
  EXPECT_EQ(changed.rand_augment_ops, 2);
  EXPECT_EQ(changed.cutmix, 1);
}

TEST(ViewOverridesTest, EveryFieldReachesItsOwn) {
  const ViewOptions all = ViewOverrides{.crop_scale = 0.5,
                                        .pad = 1,
                                        .flip = true,
                                        .rand_augment_ops = 3,
                                        .rand_augment_magnitude = 4,
                                        .brightness = 0.1,
                                        .contrast = 0.2,
                                        .saturation = 0.3,
                                        .hue = 0.4,
                                        .mixup = 5,
                                        .cutmix = 6}
                              .Over({});
  EXPECT_EQ(all.crop_scale, 0.5);
  EXPECT_EQ(all.pad, 1);
  EXPECT_TRUE(all.flip);
  EXPECT_EQ(all.rand_augment_ops, 3);
  EXPECT_EQ(all.rand_augment_magnitude, 4);
  EXPECT_EQ(all.brightness, 0.1);
  EXPECT_EQ(all.contrast, 0.2);
  EXPECT_EQ(all.saturation, 0.3);
  EXPECT_EQ(all.hue, 0.4);
  EXPECT_EQ(all.mixup, 5);
  EXPECT_EQ(all.cutmix, 6);
}

}  // namespace
}  // namespace distill
