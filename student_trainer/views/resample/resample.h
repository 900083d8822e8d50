// Resamples uint8 images with LibTorch: bilinear and antialiased, as torchvision's
// resize(antialias=True). Results match Pillow's to one level, and are the same bytes with and
// without AVX2.
//
// Thread-safe, and each call computes only in its calling thread (OneThread), since the loaders
// already run in parallel. With AVX2 LibTorch does so anyway; without it, LibTorch would start a
// team of threads.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "common/tensor/host_tensor.h"
#include "student_trainer/views/image.h"

namespace distill {

// Returns the box of the image as [channels, height, width]; this is a Resizer. Returns
// INVALID_ARGUMENT for a box that is empty or not within the image, an image whose bytes do not fit
// its shape and a size that is not positive; INTERNAL if LibTorch fails.
absl::StatusOr<Image> Resize(const Image& image, const Box& box, int64_t height, int64_t width);

// Downsamples a batch of views for a student of a lower resolution: uint8 [n, channels, …] to [n,
// channels, height, width]. A batch that already has this size is returned as it is, sharing the
// memory. Returns INVALID_ARGUMENT for anything but such images and for a larger size; INTERNAL if
// LibTorch fails.
absl::StatusOr<HostTensor> Downsample(const HostTensor& batch, int64_t height, int64_t width);

}  // namespace distill
