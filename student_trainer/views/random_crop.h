// Draws the box of a random resized crop.
#pragma once

#include "student_trainer/views/image.h"
#include "student_trainer/views/view_random.h"

namespace distill {

// Draws a box whose area is uniform from `scale` to all of the area of the image, and whose aspect
// is uniform in its logarithm from 3/4 to 4/3. It tries ten draws; if no box is within the image,
// it returns the largest centred box with an aspect in that range (torchvision's
// RandomResizedCrop.get_params; Szegedy et al., "Going deeper with convolutions", CVPR 2015). 0 <
// scale ≤ 1; height, width > 0.
Box DrawCropBox(double scale, const ViewKey& key, int64_t height, int64_t width);

}  // namespace distill
