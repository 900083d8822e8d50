// Colour jitter: brightness, contrast, saturation and hue changed at random.
#pragma once

#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"
#include "student_trainer/views/view_options.h"
#include "student_trainer/views/view_random.h"

namespace distill {

// In place and in random order, by the four strengths of the options (torchvision's ColorJitter).
// `image` is uint8 [channels, height, width]; saturation and hue leave one that is grey alone.
void JitterColour(const ViewOptions& options, const ViewKey& key, const Shape& shape,
                  absl::Span<uint8_t> image);

}  // namespace distill
