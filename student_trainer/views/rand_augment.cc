#include "student_trainer/views/rand_augment.h"

#include <cmath>

#include "student_trainer/views/colour.h"
#include "student_trainer/views/sharpness.h"
#include "student_trainer/views/tone.h"
#include "student_trainer/views/warp.h"

namespace distill {
namespace {

constexpr double kStrongest = 30;

// Returns the shift in whole pixels.
double Shift(double part, int64_t side) {
  return std::trunc(150.0 / 331.0 * part * static_cast<double>(side));
}

}  // namespace

void ApplyAugmentOp(AugmentOp op, double magnitude, const Shape& shape, absl::Span<uint8_t> image) {
  const double part = magnitude / kStrongest;  // -1 … 1
  const double strength = std::abs(part);
  switch (op) {
    case AugmentOp::kIdentity:
      return;
    case AugmentOp::kShearX:
      return WarpImage(ShearX(0.3 * part), shape, image);
    case AugmentOp::kShearY:
      return WarpImage(ShearY(0.3 * part), shape, image);
    case AugmentOp::kTranslateX:
      return WarpImage(Translate(/*right=*/Shift(part, shape[2]), /*down=*/0), shape, image);
    case AugmentOp::kTranslateY:
      return WarpImage(Translate(/*right=*/0, /*down=*/Shift(part, shape[1])), shape, image);
    case AugmentOp::kRotate:
      return WarpImage(Rotate(30 * part, shape), shape, image);
    case AugmentOp::kBrightness:
      return AdjustBrightness(1 + 0.9 * part, image);
    case AugmentOp::kColour:
      return AdjustSaturation(1 + 0.9 * part, shape, image);
    case AugmentOp::kContrast:
      return AdjustContrast(1 + 0.9 * part, shape, image);
    case AugmentOp::kSharpness:
      return AdjustSharpness(1 + 0.9 * part, shape, image);
    case AugmentOp::kPosterize:
      return Posterize(8 - static_cast<int>(std::nearbyint(4 * strength)), image);
    case AugmentOp::kSolarize:
      return Solarize(255 * (1 - strength), image);
    case AugmentOp::kAutoContrast:
      return AutoContrast(shape, image);
    case AugmentOp::kEqualize:
      return Equalize(shape, image);
  }
}

void RandAugment(int ops, double magnitude, const ViewKey& key, const Shape& shape,
                 absl::Span<uint8_t> image) {
  SplitMix64 random = ViewRandom(key, "augment");
  for (int i = 0; i < ops; ++i) {
    const auto op = static_cast<AugmentOp>(random.Below(kAugmentOps));
    const double sign = random.Below(2) == 0 ? 1 : -1;
    ApplyAugmentOp(op, sign * magnitude, shape, image);
  }
}

}  // namespace distill
