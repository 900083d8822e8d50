// The box of a random resized crop.
#pragma once

#include "student_trainer/views/image.h"
#include "student_trainer/views/view_random.h"

namespace distill {

// A box of `scale` to all of the image's area, uniform, and of aspect 3/4 to 4/3, uniform in its
// logarithm. Ten draws are tried; where none lies within the image, the largest box of an aspect in
// that range, in the centre (torchvision's RandomResizedCrop.get_params; Szegedy et al., "Going
// deeper with convolutions", CVPR 2015). 0 < scale ≤ 1; height, width > 0.
Box DrawCropBox(double scale, const ViewKey& key, int64_t height, int64_t width);

}  // namespace distill
