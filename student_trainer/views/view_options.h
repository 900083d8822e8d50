// ViewOptions describe the views that are made of a sample; there are presets, and single options
// that override fields of a preset.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// The fields are in the order in which they act; with all of them off the view is the identity.
struct ViewOptions {
  // Random resized crop: a part of the image with this share of its area up to all of it, and an
  // aspect from 3/4 to 4/3, resampled to the output size. 0: none; ≤ 1.
  double crop_scale = 0;
  int pad = 0;  // pad-and-crop: shifts by up to this many pixels each way, zeros come in; ≥ 0
  bool flip = false;  // mirrors left-right, half of the time

  int rand_augment_ops = 0;           // operations of RandAugment per image; 0 … 14
  double rand_augment_magnitude = 9;  // of its 31 bins; 0 … 30

  // Colour jitter: factors from 1 - x (at least 0) to 1 + x; 0 … 10.
  double brightness = 0;
  double contrast = 0;
  double saturation = 0;
  double hue = 0;  // turns the colour wheel by up to this part of it, either way; 0 … 0.5

  // Blends with another sample, by weights from Beta(x, x). 0: none; otherwise 0.001 … 1000. If
  // both are set, each sample gets one of them at random.
  double mixup = 0;   // of the whole images
  double cutmix = 0;  // of a box

  absl::Status Validate() const;  // INVALID_ARGUMENT names the field, its value and the range
  bool Mixes() const { return mixup > 0 || cutmix > 0; }
  bool IsIdentity() const;
};

// Returns a starting point for images of `shape` [channels, height, width]:
//   none      the image as evaluation sees it
//   light     pad-and-crop by 1/8 of the shorter side, flip: usual for CIFAR (4 of 32 pixels)
//   standard  random resized crop from 0.08 and flip, as torchvision's and timm's ImageNet recipes;
//             colour jitter 0.4, 0.4, 0.4, hue 0.1 (timm's default has no hue)
//   strong    standard, RandAugment of 2 operations at 9, and Mixup 0.2 or CutMix 1.0 at random, as
//             timm's; timm omits the colour jitter with RandAugment, here it is kept
// Returns INVALID_ARGUMENT for another name, with the known names, and for the shape of something
// that is not an image.
absl::StatusOr<ViewOptions> ViewPreset(absl::string_view name, const Shape& shape);

// The fields of ViewOptions that a user sets in addition to a preset; the others keep the values of
// the preset.
struct ViewOverrides {
  std::optional<double> crop_scale;
  std::optional<int> pad;
  std::optional<bool> flip;
  std::optional<int> rand_augment_ops;
  std::optional<double> rand_augment_magnitude;
  std::optional<double> brightness;
  std::optional<double> contrast;
  std::optional<double> saturation;
  std::optional<double> hue;
  std::optional<double> mixup;
  std::optional<double> cutmix;

  ViewOptions Over(ViewOptions preset) const;
};

// What a user chooses: a preset, and what is laid over it.
struct ViewChoice {
  std::string preset = "none";
  ViewOverrides overrides;

  // For samples of `shape`. INVALID_ARGUMENT names the field.
  absl::StatusOr<ViewOptions> Resolve(const Shape& shape) const;
  // As Resolve, for images of usual sizes: the preset's own values fit any image.
  absl::Status Validate() const { return Resolve({3, 32, 32}).status(); }
};

}  // namespace distill
