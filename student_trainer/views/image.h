// Image holds decoded pixels; Resizer is what the data layer needs of a library that resamples
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"

namespace distill {

// uint8 [channels, height, width], plane after plane.
struct Image {
  int64_t channels = 0;
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint8_t> pixels;
};

// In pixels.
struct ImageSize {
  int64_t height = 0;
  int64_t width = 0;

  friend bool operator==(const ImageSize&, const ImageSize&) = default;
};

// A part of an image, in pixels, within its bounds.
struct Box {
  int64_t top = 0;
  int64_t left = 0;
  int64_t height = 0;
  int64_t width = 0;
};

// Returns the box of the image as [channels, height, width], antialiased. The implementation uses
// LibTorch, which this layer does not: it is in student_trainer/views/resample. Thread-safe.
using Resizer = std::function<absl::StatusOr<Image>(const Image& image, const Box& box,
                                                    int64_t height, int64_t width)>;

}  // namespace distill
