// CentreView: how an image of any size becomes a sample without augmentation.
#pragma once

#include "absl/status/statusor.h"
#include "common/tensor/host_tensor.h"
#include "student_trainer/views/image.h"

namespace distill {

// The largest part at the centre that has the proportions of `shape` [channels, height, width],
// resized to it: as scaling until it covers and cropping the centre. The image itself where it has
// that size: `resizer` is called for others alone, and may be null where there are none.
// INVALID_ARGUMENT for another number of channels; FAILED_PRECONDITION without a resizer; its own
// errors.
absl::StatusOr<Image> CentreView(Image image, const Shape& shape, const Resizer& resizer);

}  // namespace distill
