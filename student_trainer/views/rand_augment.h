// RandAugment (Cubuk, Zoph, Shlens, Le, "RandAugment: practical automated data augmentation with a
// reduced search space", CVPR workshops 2020) applies a few operations, drawn for each view, all of
// one magnitude. The operations and their magnitudes are those of torchvision.
#pragma once

#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"
#include "student_trainer/views/view_random.h"

namespace distill {

enum class AugmentOp {
  kIdentity,
  kShearX,
  kShearY,
  kTranslateX,
  kTranslateY,
  kRotate,
  kBrightness,
  kColour,
  kContrast,
  kSharpness,
  kPosterize,
  kSolarize,
  kAutoContrast,
  kEqualize,
};
inline constexpr int kAugmentOps = 14;

// Applies one operation in place to uint8 [channels, height, width]. |magnitude| ≤ 30, where 30 is
// the strongest: a slope of 0.3, a shift of 150/331 of the side, 30°, a factor of 1 ± 0.9, 4 bits,
// every pixel inverted. The sign is the direction, if an operation has one.
void ApplyAugmentOp(AugmentOp op, double magnitude, const Shape& shape, absl::Span<uint8_t> image);

// Applies `ops` operations drawn with replacement, each with its own direction.
void RandAugment(int ops, double magnitude, const ViewKey& key, const Shape& shape,
                 absl::Span<uint8_t> image);

}  // namespace distill
