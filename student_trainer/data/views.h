// Views: augmented versions of a sample, as functions of (seed, epoch, sample) alone. Images are
// uint8 [channels, height, width] and stay so: teacher and student see the same bytes.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"
#include "student_trainer/data/shift_flip.h"

namespace distill {

struct ViewOptions {
  int pad = 0;  // pad-and-crop: shifts by up to this many pixels each way, zeros come in; ≥ 0
  bool flip = false;  // mirrors left-right, half of the time

  absl::Status Validate() const;
  bool IsIdentity() const { return pad == 0 && !flip; }
};

// Makes the view of one image in place. `shape` is [channels, height, width]; `image` its bytes.
void ApplyView(const ViewOptions& options, uint64_t seed, int64_t epoch, int64_t sample,
               const Shape& shape, absl::Span<uint8_t> image);

}  // namespace distill
