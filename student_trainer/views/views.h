// Views: augmented versions of a sample, as functions of (seed, epoch, sample) alone. Images are
// uint8 [channels, height, width] and stay so: teacher and student see the same bytes.
#pragma once

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"
#include "student_trainer/views/image.h"
#include "student_trainer/views/view_options.h"
#include "student_trainer/views/view_random.h"

namespace distill {

// The view of an image of any size, as `output` [channels, height, width]: cut out and resampled
// (without crop_scale as evaluation does, CentreView), then ApplyView. It is not mixed with another
// (mix.h). Thread-safe where the resizer is. INVALID_ARGUMENT for an empty image and for channels
// other than the output's; errors of the resizer.
absl::StatusOr<Image> MakeView(const ViewOptions& options, const ViewKey& key, Image image,
                               const Shape& output, const Resizer& resizer);

// What comes after the cut, in place: shift, flip, RandAugment and colour jitter of an image of the
// right size. `shape` is [channels, height, width]; `image` its bytes.
void ApplyView(const ViewOptions& options, const ViewKey& key, const Shape& shape,
               absl::Span<uint8_t> image);

}  // namespace distill
