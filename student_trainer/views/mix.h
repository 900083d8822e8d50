// Mixes a sample with another one: Mixup (Zhang, Cisse, Dauphin, Lopez-Paz, ICLR 2018) and CutMix
// (Yun et al., ICCV 2019). The caller chooses the other sample.
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
  // The weight of the sample itself; its partner has the rest. It is 1 for kNone, a multiple of
  // 1/65536 for Mixup, and the exact share of the pixels for CutMix.
  double weight = 1;
  Box box;  // CutMix: the box that the partner fills
};

// Draws how a sample of `shape` [channels, height, width] is mixed. The result is also kNone if the
// weight drawn leaves nothing of the partner.
Mix DrawMix(const ViewOptions& options, const ViewKey& key, const Shape& shape);

// Mixes the pixels of the partner into the image, in place; both are views of `shape`, uint8. Mixup
// rounds to the nearest.
void ApplyMix(const Mix& mix, absl::Span<const uint8_t> partner, const Shape& shape,
              absl::Span<uint8_t> image);

}  // namespace distill
