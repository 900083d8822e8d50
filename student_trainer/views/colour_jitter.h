// Colour jitter changes brightness, contrast, saturation and hue at random.
#pragma once

#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"
#include "student_trainer/views/view_options.h"
#include "student_trainer/views/view_random.h"

namespace distill {

// Applies the four strengths of the options in place and in random order (torchvision's
// ColorJitter). `image` is uint8 [channels, height, width]; saturation and hue leave a grey image
// unchanged.
void JitterColour(const ViewOptions& options, const ViewKey& key, const Shape& shape,
                  absl::Span<uint8_t> image);

}  // namespace distill
