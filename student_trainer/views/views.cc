#include "student_trainer/views/views.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "student_trainer/views/centre_view.h"
#include "student_trainer/views/colour_jitter.h"
#include "student_trainer/views/rand_augment.h"
#include "student_trainer/views/random_crop.h"
#include "student_trainer/views/shift_flip.h"

namespace distill {
namespace {

Shape ShapeOf(const Image& image) { return {image.channels, image.height, image.width}; }

bool HasItsPixels(const Image& image) {
  const absl::StatusOr<int64_t> pixels = NumElements(ShapeOf(image));
  return pixels.ok() && *pixels > 0 && static_cast<size_t>(*pixels) == image.pixels.size();
}

void ShiftAtRandom(int pad, const ViewKey& key, const Shape& shape, absl::Span<uint8_t> image) {
  SplitMix64 random = ViewRandom(key, "shift");
  const uint64_t offsets = 2 * static_cast<uint64_t>(pad) + 1;
  const int64_t down = static_cast<int64_t>(random.Below(offsets)) - pad;
  const int64_t right = static_cast<int64_t>(random.Below(offsets)) - pad;
  ShiftImage(down, right, shape, image);
}

}  // namespace

absl::StatusOr<Image> MakeView(const ViewOptions& options, const ViewKey& key, Image image,
                               const Shape& output, const Resizer& resizer) {
  if (output.size() != 3 || image.channels != output[0] || !HasItsPixels(image)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a view ", ToString(output), ": it cannot be made of an image ",
                     ToString(ShapeOf(image)), " of ", image.pixels.size(), " bytes"));
  }
  if (options.crop_scale > 0) {
    const Box box = DrawCropBox(options.crop_scale, key, image.height, image.width);
    ASSIGN_OR_RETURN(image, resizer(image, box, output[1], output[2]));
  } else {
    ASSIGN_OR_RETURN(image, CentreView(std::move(image), output, resizer));
  }
  if (ShapeOf(image) != output || !HasItsPixels(image)) {
    return absl::InternalError(absl::StrCat(
        "a view ", ToString(output), ": the image was resized to ", ToString(ShapeOf(image))));
  }
  ApplyView(options, key, output, absl::MakeSpan(image.pixels));
  return image;
}

void ApplyView(const ViewOptions& options, const ViewKey& key, const Shape& shape,
               absl::Span<uint8_t> image) {
  if (options.pad > 0) ShiftAtRandom(options.pad, key, shape, image);
  if (options.flip && ViewRandom(key, "flip").Below(2) == 1) FlipImage(shape, image);
  RandAugment(options.rand_augment_ops, options.rand_augment_magnitude, key, shape, image);
  JitterColour(options, key, shape, image);
}

}  // namespace distill
