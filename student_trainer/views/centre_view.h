// CentreView turns an image of any size into a sample without augmentation.
#pragma once

#include "absl/status/statusor.h"
#include "common/tensor/host_tensor.h"
#include "student_trainer/views/image.h"

namespace distill {

// Returns the largest centred part with the proportions of `shape` [channels, height, width],
// resized to it; this equals scaling the image until it covers the shape and cropping the centre.
// An image that already has that size is returned unchanged: `resizer` is called only for other
// images, and may be null if there are none. Returns INVALID_ARGUMENT for another number of
// channels, FAILED_PRECONDITION if the resizer is missing, and the errors of the resizer.
absl::StatusOr<Image> CentreView(Image image, const Shape& shape, const Resizer& resizer);

}  // namespace distill
