#include "student_trainer/views/resample/resample.h"

#include <ATen/ATen.h>

#include <memory>
#include <new>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/torch/torch_errors.h"
#include "student_trainer/views/resample/one_thread.h"

namespace distill {
namespace {

absl::Status CheckSize(int64_t height, int64_t width) {
  if (height > 0 && width > 0) return absl::OkStatus();
  return InvalidValue("the size to resize to", absl::StrCat(height, "×", width, " pixels"),
                      "1 or more each way");
}

// Returns whether [begin, begin + length) is not empty and within [0, side).
bool IsWithin(int64_t begin, int64_t length, int64_t side) {
  return begin >= 0 && length > 0 && length <= side && begin <= side - length;
}

// Returns a tensor that refers to the memory, which is written to only if the tensor is the
// destination of a copy.
at::Tensor Wrap(const uint8_t* pixels, at::IntArrayRef shape) {
  return at::from_blob(const_cast<uint8_t*>(pixels), shape, at::kByte);
}

// Writes `input`, [n, channels, …], as [n, channels, height, width] to `output`.
void Resample(const at::Tensor& input, int64_t height, int64_t width, uint8_t* output) {
  const at::Tensor resampled =
      at::_upsample_bilinear2d_aa(input, {height, width}, /*align_corners=*/false);
  Wrap(output, resampled.sizes()).copy_(resampled);  // in any memory layout of LibTorch
}

}  // namespace

absl::StatusOr<Image> Resize(const Image& image, const Box& box, int64_t height, int64_t width) {
  RETURN_IF_ERROR(CheckSize(height, width));
  ASSIGN_OR_RETURN(const size_t bytes,
                   ByteSize(DType::kUint8, {image.channels, image.height, image.width}));
  if (bytes != image.pixels.size()) {
    return absl::InvalidArgumentError(absl::StrCat("an image of ", image.channels, "×",
                                                   image.height, "×", image.width, ": it has ",
                                                   image.pixels.size(), " bytes"));
  }
  if (!IsWithin(box.top, box.height, image.height) || !IsWithin(box.left, box.width, image.width)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the box of ", box.height, "×", box.width, " pixels at ", box.top, ", ",
                     box.left, ": it is not within an image of ", image.height, "×", image.width));
  }
  ASSIGN_OR_RETURN(const size_t output_bytes,
                   ByteSize(DType::kUint8, {image.channels, height, width}));
  Image resized = {image.channels, height, width, {}};
  if (output_bytes == 0) return resized;
  RETURN_IF_ERROR(CatchTorch([&] {
    resized.pixels.resize(output_bytes);
    const c10::InferenceMode inference;
    const OneThread one_thread;
    const at::Tensor whole =
        Wrap(image.pixels.data(), {1, image.channels, image.height, image.width});
    // Crops before resampling, so that no pixel from outside the box contributes.
    const at::Tensor part =
        whole.narrow(2, box.top, box.height).narrow(3, box.left, box.width).contiguous();
    Resample(part, height, width, resized.pixels.data());
  }));
  return resized;
}

absl::StatusOr<HostTensor> Downsample(const HostTensor& batch, int64_t height, int64_t width) {
  RETURN_IF_ERROR(CheckSize(height, width));
  RETURN_IF_ERROR(batch.Validate());
  const Shape& from = batch.shape;
  if (batch.dtype != DType::kUint8 || from.size() != 4 || from[2] < height || from[3] < width) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot downsample ", Name(batch.dtype), " ", ToString(from), " to ", height, "×", width,
        " pixels: they are not larger uint8 images [n, channels, height, width]"));
  }
  if (from[2] == height && from[3] == width) return batch;
  HostTensor small{DType::kUint8, {from[0], from[1], height, width}, Bytes()};
  ASSIGN_OR_RETURN(const size_t bytes, ByteSize(small.dtype, small.shape));
  if (bytes == 0) return small;
  const std::shared_ptr<uint8_t[]> memory(new (std::nothrow) uint8_t[bytes]);
  if (memory == nullptr) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot downsample: there is no memory for ", bytes, " bytes"));
  }
  const Bytes source = batch.bytes.Contiguous();
  RETURN_IF_ERROR(CatchTorch([&] {
    const c10::InferenceMode inference;
    const OneThread one_thread;
    Resample(Wrap(source.piece(0).data(), from), height, width, memory.get());
  }));
  small.bytes = Bytes::Wrap(memory, Bytes::Piece(memory.get(), bytes));
  return small;
}

}  // namespace distill
