// Mixing a sample with another one: Mixup (Zhang, Cisse, Dauphin, Lopez-Paz, ICLR 2018) and CutMix
// (Yun et al., ICCV 2019). Which sample that is, is the caller's choice.
#pragma once

#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"
#include "student_trainer/views/image.h"
#include "student_trainer/views/view_options.h"
#include "student_trainer/views/view_random.h"

namespace distill {

struct Mix {
  enum class Kind { kNone, kMixup, kCutMix };

  Kind kind = Kind::kNone;
  // Of the sample itself, its partner has the rest; 1 for kNone. Mixup's is a multiple of 1/65536,
  // CutMix's the exact share of the pixels.
  double weight = 1;
  Box box;  // CutMix: what is the partner's
};

// How a sample of `shape` [channels, height, width] is mixed: kNone too where the weight drawn
// leaves nothing of the partner.
Mix DrawMix(const ViewOptions& options, const ViewKey& key, const Shape& shape);

// Mixes the partner's pixels into the image's, in place; both are views of `shape`, uint8. Mixup
// rounds to the nearest.
void ApplyMix(const Mix& mix, absl::Span<const uint8_t> partner, const Shape& shape,
              absl::Span<uint8_t> image);

}  // namespace distill
