#include "student_trainer/views/view_options.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

absl::Status CheckBeta(absl::string_view field, double value) {
  if (value == 0 || (value >= 0.001 && value <= 1000)) return absl::OkStatus();
  return InvalidField(field, value, "0 or 0.001 to 1000");
}

ViewOptions Standard() {
  return {.crop_scale = 0.08,
          .flip = true,
          .brightness = 0.4,
          .contrast = 0.4,
          .saturation = 0.4,
          .hue = 0.1};
}

ViewOptions Strong() {
  ViewOptions options = Standard();
  options.rand_augment_ops = 2;
  options.rand_augment_magnitude = 9;
  options.mixup = 0.2;
  options.cutmix = 1;
  return options;
}

}  // namespace

absl::Status ViewOptions::Validate() const {
  RETURN_IF_ERROR(CheckInRange("crop_scale", crop_scale, 0, 1));
  RETURN_IF_ERROR(CheckAtLeast("pad", pad, 0));
  RETURN_IF_ERROR(CheckInRange("rand_augment_ops", rand_augment_ops, 0, 14));
  RETURN_IF_ERROR(CheckInRange("rand_augment_magnitude", rand_augment_magnitude, 0, 30));
  RETURN_IF_ERROR(CheckInRange("brightness", brightness, 0, 10));
  RETURN_IF_ERROR(CheckInRange("contrast", contrast, 0, 10));
  RETURN_IF_ERROR(CheckInRange("saturation", saturation, 0, 10));
  RETURN_IF_ERROR(CheckInRange("hue", hue, 0, 0.5));
  RETURN_IF_ERROR(CheckBeta("mixup", mixup));
  return CheckBeta("cutmix", cutmix);
}

bool ViewOptions::IsIdentity() const {
  return crop_scale == 0 && pad == 0 && !flip && rand_augment_ops == 0 && brightness == 0 &&
         contrast == 0 && saturation == 0 && hue == 0 && !Mixes();
}

absl::StatusOr<ViewOptions> ViewPreset(absl::string_view name, const Shape& shape) {
  if (name == "none") return ViewOptions{};
  if (name != "light" && name != "standard" && name != "strong") {
    return CheckOneOf("views", name, {"none", "light", "standard", "strong"});
  }
  if (shape.size() != 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("`views` ", name, ": they are of images [channels, height, width], not of ",
                     ToString(shape), "; use none"));
  }
  if (name == "standard") return Standard();
  if (name == "strong") return Strong();
  return ViewOptions{.pad = static_cast<int>(std::min(shape[1], shape[2]) / 8), .flip = true};
}

ViewOptions ViewOverrides::Over(ViewOptions preset) const {
  return {.crop_scale = crop_scale.value_or(preset.crop_scale),
          .pad = pad.value_or(preset.pad),
          .flip = flip.value_or(preset.flip),
          .rand_augment_ops = rand_augment_ops.value_or(preset.rand_augment_ops),
          .rand_augment_magnitude = rand_augment_magnitude.value_or(preset.rand_augment_magnitude),
          .brightness = brightness.value_or(preset.brightness),
          .contrast = contrast.value_or(preset.contrast),
          .saturation = saturation.value_or(preset.saturation),
          .hue = hue.value_or(preset.hue),
          .mixup = mixup.value_or(preset.mixup),
          .cutmix = cutmix.value_or(preset.cutmix)};
}

absl::StatusOr<ViewOptions> ViewChoice::Resolve(const Shape& shape) const {
  ViewOptions base;  // also for data that are not images
  if (preset != "none") {
    ASSIGN_OR_RETURN(base, ViewPreset(preset, shape));
  }
  const ViewOptions resolved = overrides.Over(base);
  RETURN_IF_ERROR(resolved.Validate());
  if (const int64_t side = shape.size() == 3 ? std::min(shape[1], shape[2]) : resolved.pad;
      resolved.pad > side) {
    return InvalidField("pad", resolved.pad,
                        absl::StrCat("0 to ", side, ", the shorter side of the images"));
  }
  return resolved;
}

}  // namespace distill
