// Views are augmented versions of a sample, as functions of (seed, epoch, sample) alone. Images are
// uint8 [channels, height, width] throughout, so teacher and student see the same bytes.
#pragma once

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"
#include "student_trainer/views/image.h"
#include "student_trainer/views/view_options.h"
#include "student_trainer/views/view_random.h"

namespace distill {

// Returns the view of an image of any size as `output` [channels, height, width]: it is cropped and
// resampled (without crop_scale as in evaluation, CentreView), then changed by ApplyView. It is not
// mixed with another sample (mix.h). Thread-safe if the resizer is. Returns INVALID_ARGUMENT for an
// empty image and for another number of channels than the output, and the errors of the resizer.
absl::StatusOr<Image> MakeView(const ViewOptions& options, const ViewKey& key, Image image,
                               const Shape& output, const Resizer& resizer);

// Applies the steps after the crop in place: shift, flip, RandAugment and colour jitter of an image
// of the right size. `shape` is [channels, height, width]; `image` holds its bytes.
void ApplyView(const ViewOptions& options, const ViewKey& key, const Shape& shape,
               absl::Span<uint8_t> image);

}  // namespace distill
