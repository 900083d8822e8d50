// Resampling of uint8 images by LibTorch: bilinear and antialiased, as torchvision's
// resize(antialias=True). It matches Pillow's to one level, and gives the same bytes with and
// without AVX2.
//
// Thread-safe, and each call computes in its caller's thread alone (OneThread): loaders are
// parallel themselves. With AVX2 LibTorch does so anyway, without it it would start a team.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "common/tensor/host_tensor.h"
#include "student_trainer/views/image.h"

namespace distill {

// The box of the image as [channels, height, width]: a Resizer. INVALID_ARGUMENT for a box that is
// empty or not within the image, an image whose bytes do not fit its shape and a size that is not
// positive; INTERNAL where LibTorch fails.
absl::StatusOr<Image> Resize(const Image& image, const Box& box, int64_t height, int64_t width);

// The fixed downsampling of a batch of views, for a student of a lower resolution: uint8
// [n, channels, …] to [n, channels, height, width]; the batch itself, memory shared, where it has
// this size. INVALID_ARGUMENT for anything but such images and for a larger size; INTERNAL where
// LibTorch fails.
absl::StatusOr<HostTensor> Downsample(const HostTensor& batch, int64_t height, int64_t width);

}  // namespace distill
